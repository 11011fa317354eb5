import { Option, type Command } from "commander";
import { parseJson, readText } from "../terminal/input.ts";
import { usageError } from "../terminal/usage-error.ts";
import { completes } from "./completes.ts";

/** The flags that select the source and form of a value. */
export interface ValueFlags {
  readonly string?: true;
  readonly file?: string;
}

/** Adds `--string`. */
export function addStringFlag(command: Command): Command {
  return command.option("-s, --string", "the value is a string, not JSON");
}

/** Adds `--file`. */
export function addFileFlag(command: Command): Command {
  return command.addOption(
    completes("files", new Option("-f, --file <path>", "read the value from this file")),
  );
}

/**
 * Reads a value: from its argument, from `--file`, or from standard input if the argument is `-` or omitted.
 * @returns a string with `--string`, otherwise a `JsonText`
 * @throws StartError (usage) if there is no value, or it is not JSON
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
      "No value was given. Write it after the key, pipe it in, or use - to type it.",
    );
  }
  return readText();
}

/** A bare word on the command line is probably meant as a string. */
function stringHint(value: string | undefined): string {
  return value === undefined || value === "-" ? "" : " For a string, use --string.";
}
