import type { Entry } from "../../client/index.ts";
import { JsonText } from "../../json/json-text.ts";
import { decodeString } from "../../json/value-parts.ts";
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
  const text = raw ? textIn(value) : null;
  if (text === null) return jsonLine(value);
  // Without a line feed, a stored file is printed unchanged. On a terminal, it is added so that the prompt starts on
  // its own line.
  return isOutputTerminal() && !text.endsWith("\n") ? `${text}\n` : text;
}

/** Returns null if the value is not a string. */
function textIn(value: unknown): string | null {
  return value instanceof JsonText && value.text.startsWith('"') ? decodeString(value.text) : null;
}
