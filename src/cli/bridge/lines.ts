import type { Readable } from "node:stream";

/** The lines of a stream of UTF-8. Only a line feed ends one: Node's own reader of lines splits at U+2028, which JSON may hold. */
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
