import { once } from "node:events";
import { indentJson } from "../../json/indent-json.ts";
import { writeJson } from "../../json/write-json.ts";
import { escapeControls } from "./control-characters.ts";

/** Whether standard output is a terminal, so that a person reads it and not a program. */
export function isOutputTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** Writes data to standard output, and waits until the reader has accepted it. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** A value as JSON and a line feed: indented on a terminal, otherwise in one line. */
export function jsonLine(value: unknown): string {
  // JSON can contain control characters that terminals execute, so they are escaped.
  const json = isOutputTerminal() ? escapeControls(indentJson(writeJson(value))) : writeJson(value);
  return `${json}\n`;
}
