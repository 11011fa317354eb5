import { Option, type Command } from "commander";
import { parseJson, readText } from "../terminal/input.ts";
import { usageError } from "../terminal/usage-error.ts";
import { completes } from "./completes.ts";

/** The flags that say how a value is given. */
export interface ValueFlags {
  readonly string?: true;
  readonly file?: string;
}

/** Adds `--string`. */
export function addStringFlag(command: Command): Command {
  return command.option("-s, --string", "the value is a text and not JSON");
}

/** Adds `--file`. */
export function addFileFlag(command: Command): Command {
  return command.addOption(
    completes("files", new Option("-f, --file <path>", "the value is in this file")),
  );
}

/**
 * Reads a value: from its argument, from `--file`, or from standard input where the argument is `-` or left out.
 * @returns a string with `--string`, otherwise a `JsonText`
 * @throws StartError (usage) when there is no value, or it is not JSON
 */
export async function readValue(value: string | undefined, flags: ValueFlags): Promise<unknown> {
  const text = await textOf(value, flags);
  return flags.string ? text : parseJson("The value", text, stringHint(value));
}

async function textOf(value: string | undefined, { file }: ValueFlags): Promise<string> {
  if (value !== undefined && value !== "-") {
    if (file !== undefined) throw usageError("Give the value or --file, not both.");
    return value;
  }
  if (file !== undefined) return readText(file);
  if (value === undefined && process.stdin.isTTY) {
    throw usageError(
      "There is no value. Write it behind the key, pipe it in, or say - to type it.",
    );
  }
  return readText();
}

/** A bare word on the command line is most likely meant as a string. */
function stringHint(value: string | undefined): string {
  return value === undefined || value === "-" ? "" : " A text goes with --string.";
}
