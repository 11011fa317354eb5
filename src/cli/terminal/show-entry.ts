import type { Entry } from "../../client/index.ts";
import { isOutputTerminal, jsonLine } from "./output.ts";

/** How an entry is shown. Without a flag: its value as JSON. */
export interface EntryFormat {
  /** A value that is a string, without quotes. */
  readonly raw?: true;
  /** The whole entry as JSON. */
  readonly json?: true;
}

/** The text that `get` and `wait` print for an entry. */
export function showEntry(entry: Entry, { raw, json }: EntryFormat): string {
  const { value } = entry;
  if (json) return jsonLine(entry);
  if (!raw || typeof value !== "string") return jsonLine(value);
  // A file comes back unchanged. On a terminal the next prompt starts on its own line.
  return isOutputTerminal() && !value.endsWith("\n") ? `${value}\n` : value;
}
