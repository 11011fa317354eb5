import { once } from "node:events";
import type { Entry } from "../../client/index.ts";

/** Whether a person reads standard output, rather than a program. */
export function isForPerson(): boolean {
  return process.stdout.isTTY === true;
}

/** Writes data to standard output, no faster than it is read. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** A value as JSON, with a line's end: indented for a person, in one line for a program. */
export function jsonLine(value: unknown): string {
  return `${isForPerson() ? inert(JSON.stringify(value, null, 2)) : JSON.stringify(value)}\n`;
}

/** JSON leaves characters in strings that some terminals obey; it has escapes for them, too. */
export function inert(json: string): string {
  return json.replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

/** How an entry is to be shown. */
export interface EntryFlags {
  readonly raw?: true;
  readonly json?: true;
}

/** An entry as `get` and `wait` print it: its value, or all of it. */
export function showEntry(entry: Entry, flags: EntryFlags): string {
  const { value } = entry;
  if (flags.json) return jsonLine(entry);
  if (!flags.raw || typeof value !== "string") return jsonLine(value);
  // As it is, so that a file comes back as it was. A person's next prompt begins a line of its own.
  return isForPerson() && !value.endsWith("\n") ? `${value}\n` : value;
}
