import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { CommandError } from "./command-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { jsonFault } from "./json-fault.ts";

/** More than any server takes by default, by far: only so that what never ends (`< /dev/zero`) does. */
const maxInputBytes = 256 * 1024 * 1024;

/**
 * All of a file, or of standard input where none is named.
 * @throws CommandError where it can't be read, or is no UTF-8
 */
export async function readText(file?: string): Promise<string> {
  const source = file ?? "Standard input";
  const stream: Readable = file === undefined ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxInputBytes) throw wrong(`${source} has more than ${maxInputBytes} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw wrong(`${source} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString("utf8");
  // What is no UTF-8 is replaced when it is read: then it is not the same when it is written.
  const again = Buffer.from(text, "utf8");
  if (again.equals(bytes)) return text;
  const at = bytes.findIndex((byte, index) => byte !== again[index]);
  throw wrong(`${source} is no UTF-8: byte ${at + 1} is wrong.`);
}

/**
 * The value that a text is the JSON of.
 * @param what what the text is, at the beginning of a sentence
 * @throws CommandError which says where it is none
 */
export function parseJson(what: string, text: string, hint = ""): unknown {
  // A byte order mark, as some editors write one, is no part of the value.
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  try {
    return JSON.parse(json);
  } catch {
    throw wrong(`${what} is no JSON: ${jsonFault(json)}.${hint}`);
  }
}

/** An input that is wrong. */
export function wrong(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
