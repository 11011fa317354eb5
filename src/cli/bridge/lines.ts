import type { Readable } from "node:stream";

/**
 * Yields the lines of a UTF-8 stream. Only a line feed ends a line. Node's `readline` also splits at U+2028, which JSON
 * can contain.
 */
export async function* linesOf(input: Readable): AsyncGenerator<string, void> {
  let parts: Buffer[] = [];
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let begin = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, begin)) {
      parts.push(chunk.subarray(begin, end));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      begin = end + 1;
    }
    parts.push(chunk.subarray(begin));
  }
  const rest = Buffer.concat(parts).toString("utf8");
  if (rest !== "") yield rest;
}
