import type { Command } from "commander";
import { shellWord } from "../../shell-word.ts";

/** The names of similar commands in other programs, in the order of the suggestions. */
const otherNames = new Map<string, readonly string[]>(
  Object.entries({
    add: ["append", "set", "create"],
    begin: ["serve"],
    count: ["increment"],
    done: ["complete"],
    fetch: ["get"],
    find: ["search"],
    finish: ["complete"],
    follow: ["watch"],
    grep: ["search"],
    inc: ["increment"],
    incr: ["increment"],
    incrby: ["increment"],
    info: ["status"],
    list: ["keys", "namespaces"],
    log: ["history", "watch"],
    ls: ["list", "keys", "namespaces"],
    merge: ["patch"],
    new: ["create"],
    push: ["append"],
    put: ["set"],
    read: ["get"],
    remove: ["delete", "revoke"],
    rm: ["delete", "revoke"],
    run: ["serve"],
    start: ["serve"],
    subscribe: ["watch"],
    tail: ["watch"],
    take: ["claim"],
    unset: ["delete"],
    update: ["patch", "set"],
    viewer: ["status"],
    whoami: ["status"],
    write: ["set"],
  }),
);

/** Flags of other programs that delete more than the named keys. */
const wholesale = ["all", "A", "prefix", "p", "r", "recursive", "namespace-prefix"];

/**
 * Returns a sentence with the command that was probably meant, or `""`.
 * @param command the command that refused its arguments
 * @param why commander's message
 */
export function suggestionFor(command: Command, why: string): string {
  const [, name] = /^unknown command '([^']*)'/.exec(why) ?? [];
  if (name !== undefined) return suggestCommand(command, name);
  const [, flag] = /^unknown option '([^']*)'/.exec(why) ?? [];
  if (flag !== undefined) return suggestOption(command, flag);
  if (why.startsWith("too many arguments")) return suggestPlace(command);
  return "";
}

function suggestCommand(command: Command, name: string): string {
  const known = command.createHelp().visibleCommands(command);
  const names = known.map((subcommand) => subcommand.name());
  const others = (otherNames.get(name) ?? []).filter((other) => names.includes(other));
  const longer = names.filter((other) => name !== "" && other.startsWith(name));
  const meant = others.length > 0 ? others : longer;
  return meant.length === 0 ? "" : `Did you mean ${meant.join(" or ")}?`;
}

function suggestOption(command: Command, flag: string): string {
  const name = flag.replace(/^-+/, "");
  const argument = command.registeredArguments.find((known) => known.name() === name);
  if (argument) return `It is an argument, not an option: ${pathOf(command)} ${command.usage()}.`;
  if (command.name() === "delete" && wholesale.includes(name)) {
    return "It accepts only keys. To delete every entry of a namespace, use baton clear.";
  }
  const longer = command.options.flatMap(({ long }) => (long?.endsWith(`-${name}`) ? [long] : []));
  return longer.length === 0 ? "" : `Did you mean ${longer.join(" or ")}?`;
}

/** Suggests where an extra word belongs: in an option, or to the word before it. */
function suggestPlace(command: Command): string {
  const { args, registeredArguments } = command;
  const path = pathOf(command);
  const has = (long: string) => command.options.some((option) => option.long === long);
  const last = args.at(-1) as string;
  const hasOneTooMany = args.length === registeredArguments.length + 1;
  if (hasOneTooMany && args.length === 1) {
    const flags = ["--namespace", "--namespace-prefix", "--prefix", "--key"].filter(has);
    const ways = flags.map((flag) => `${path} ${flag} ${quoted(last)}`);
    return ways.length === 0 ? "" : `Did you mean ${ways.join(" or ")}?`;
  }
  if (hasOneTooMany && has("--by") && /^[+-]?[\d.]+$/.test(last)) {
    return `Did you mean ${path} ${quoted(args[0] as string)} --by ${last}?`;
  }
  const names = registeredArguments.map((argument) => argument.name());
  // A value that is not JSON is probably meant as a string.
  const isText = has("--string") && names.at(-1) === "value" && !isJson(last);
  const hints: string[] = [];
  if (hasOneTooMany && has("--namespace")) {
    const rest = args.slice(1, -1).map(quoted);
    const end = quoted(isText ? JSON.stringify(last) : last);
    hints.push(
      `Did you mean ${[path, "--namespace", quoted(args[0] as string), ...rest, end].join(" ")}?`,
    );
  }
  if (isText || names.at(-1) === "text") {
    const before = args.slice(0, names.length - 1).map(quoted);
    const text = quoted(args.slice(names.length - 1).join(" "));
    const flag = has("--string") && !/^[[{"]/.test(args[names.length - 1] as string);
    const line = [path, ...before, ...(flag ? ["--string"] : []), text].join(" ");
    hints.push(`A string with spaces needs quotes: ${line}.`);
  }
  return hints.join(" ");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === "-";
  }
}

const maxShownCharacters = 60;

/** Quotes a word for the shell, and truncates a long one. */
function quoted(word: string): string {
  return shellWord(
    word.length > maxShownCharacters ? `${word.slice(0, maxShownCharacters - 1)}…` : word,
  );
}

/** The command as it is called, with the program's name. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
