import type { Argument, Command, Option } from "commander";
import { completionOf, type Completion } from "../flags/completes.ts";
import { optionsBelow } from "../flags/options-last.ts";

/** A word that a shell can insert at the cursor, and its description. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** The possible continuations of a command line that is being typed. */
export interface Wanted {
  readonly candidates: readonly Candidate[];
  /** What to look up in addition to the candidates. */
  readonly lookUp?: Completion | undefined;
  /** The beginning of the names to look up. */
  readonly prefix: string;
  /** The part of the word before the prefix, such as `--namespace=`. */
  readonly before: string;
  readonly command: Command;
  /** The values of the options so far, by attribute name. */
  readonly given: ReadonlyMap<string, string>;
}

/**
 * Reads an unfinished command line up to the cursor, as commander would:
 *
 * 1. The finished words select the command and set its options.
 * 2. The last word is completed as the value of an option, as a flag, as the name of a command or as an argument.
 *
 * @param words without the program's name. The last one is being typed and can be empty.
 */
export function complete(program: Command, words: readonly string[]): Wanted {
  const current = words.at(-1) ?? "";
  const given = new Map<string, string>();
  let command = program;
  let operands = 0;
  let pending: Option | undefined;
  let isPastOptions = false;
  for (const word of words.slice(0, -1)) {
    if (pending) {
      given.set(pending.attributeName(), word);
      pending = undefined;
    } else if (word === "--") {
      isPastOptions = true;
    } else if (!isPastOptions && /^-./.test(word)) {
      const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const option = optionOf(command, flag);
      if (!option) continue;
      if (value === undefined && option.required) pending = option;
      else given.set(option.attributeName(), value ?? "");
    } else {
      const subcommand = operands === 0 ? subcommandOf(command, word) : undefined;
      if (subcommand) command = subcommand;
      else operands++;
    }
  }
  const wanted = { candidates: [], prefix: current, before: "", command, given };
  if (pending) return { ...wanted, ...valuesOf(pending, current) };
  if (!isPastOptions && current.startsWith("-")) {
    const [, flag, value = ""] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
    if (flag === undefined) return { ...wanted, candidates: flagsOf(command, given, current) };
    const option = optionOf(command, flag);
    if (!option?.required) return wanted;
    const before = `${flag}=`;
    const values = valuesOf(option, value);
    const candidates = values.candidates.map(({ word, about }) => ({ word: before + word, about }));
    return { ...wanted, ...values, candidates, before, prefix: value };
  }
  if (command.commands.length > 0) {
    return operands > 0 ? wanted : { ...wanted, candidates: commandsOf(command, current) };
  }
  const argument = argumentAt(command, operands);
  return argument ? { ...wanted, ...valuesOf(argument, current) } : wanted;
}

function optionOf(command: Command, flag: string): Option | undefined {
  const own = command.options.find(({ short, long }) => short === flag || long === flag);
  // The option can come before its command.
  return own ?? optionsBelow(command).get(flag);
}

function subcommandOf(command: Command, name: string): Command | undefined {
  // `help` accepts the name of a command, so it has the same candidates.
  if (name === "help") return command;
  return command.commands.find((subcommand) => subcommand.name() === name);
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  return registeredArguments[index] ?? (last?.variadic ? last : undefined);
}

function valuesOf(
  target: Argument | Option,
  prefix: string,
): Pick<Wanted, "candidates" | "lookUp"> {
  const choices = (target.argChoices ?? []).filter((choice) => choice.startsWith(prefix));
  return {
    candidates: choices.map((word) => ({ word, about: "" })),
    lookUp: completionOf(target),
  };
}

function flagsOf(
  command: Command,
  given: ReadonlyMap<string, string>,
  prefix: string,
): readonly Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => option.variadic || !given.has(option.attributeName()))
    .map(({ long, short, description }) => ({
      word: (long?.startsWith(prefix) ? long : short) ?? "",
      about: description,
    }))
    .filter(({ word }) => word !== "" && word.startsWith(prefix));
}

function commandsOf(command: Command, prefix: string): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((subcommand) => ({ word: subcommand.name(), about: subcommand.description() }))
    .filter(({ word }) => word.startsWith(prefix));
}
