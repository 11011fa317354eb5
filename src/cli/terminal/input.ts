import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { StartError } from "../../start-error.ts";
import { JsonError } from "../../json/json-error.ts";
import { JsonText, parseJsonText } from "../../json/json-text.ts";
import { describeJsonError } from "./describe-json-error.ts";
import { usageError } from "./usage-error.ts";

/** Far above the default limit of a server. It stops the reading of an endless input such as `/dev/zero`. */
const maxInputBytes = 256 * 1024 * 1024;

/**
 * Reads a whole file, or standard input if no file is named.
 * @throws StartError (usage) if the input cannot be read, is too large or is not UTF-8
 */
export async function readText(file?: string): Promise<string> {
  const source = file ?? "Standard input";
  const stream: Readable = file === undefined ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxInputBytes) {
        throw usageError(`${source} has more than ${maxInputBytes} bytes.`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw usageError(`${source} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString("utf8");
  // Decoding replaces invalid bytes, so encoding the text again results in different bytes.
  const encoded = Buffer.from(text, "utf8");
  if (encoded.equals(bytes)) return text;
  const at = bytes.findIndex((byte, index) => byte !== encoded[index]);
  throw usageError(`${source} is not UTF-8: byte ${at + 1} is invalid.`);
}

/**
 * Parses a JSON text that is sent unchanged. A byte order mark, which some editors write, is ignored.
 * @param what names the text at the beginning of a message
 * @throws StartError (usage) that reports where the text is not JSON, or that it cannot be stored unchanged
 */
export function parseJson(what: string, text: string, hint = ""): JsonText {
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  try {
    return parseJsonText(json);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw usageError(
      error.isSyntax
        ? `${what} is not JSON: ${describeJsonError(json)}.${hint}`
        : `${what} cannot be stored unchanged. ${error.message}`,
    );
  }
}

/** Whether a value is a JSON object that was read as its text. */
export function isJsonObject(value: unknown): value is JsonText {
  return value instanceof JsonText && value.text.startsWith("{");
}
