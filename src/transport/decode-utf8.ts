import { isUtf8 } from "node:buffer";
import type { Steps } from "../json/long-value-parts.ts";
import { atOnce, inSteps } from "../in-steps.ts";

/** The bytes that are decoded in one step: less than a millisecond of work. */
const stepBytes = 64 * 1024;

/**
 * Decodes UTF-8. A long text is decoded in steps, with other work between them: the result is then a promise. It is null
 * if the bytes are not UTF-8.
 * @param blocks the bytes. They are removed as they are decoded, so that their memory can be freed.
 * @param who the user that the work is for, or `nobody`
 */
export function decodeUtf8(blocks: Buffer[], who: string): string | null | Promise<string | null> {
  const [first] = blocks;
  // Most texts are short, and steps cost some microseconds.
  if (first && blocks.length === 1 && first.length <= stepBytes) {
    return isUtf8(first) ? first.toString("utf8") : null;
  }
  let bytes = 0;
  for (const { length } of blocks) bytes += length;
  return bytes <= stepBytes ? atOnce(decode(blocks)) : inSteps(decode(blocks), who);
}

function* decode(blocks: Buffer[]): Steps<string | null> {
  const parts: string[] = [];
  /** The begin of a character whose end is in the next part. */
  let begun: Buffer | null = null;
  for (const block of removed(blocks)) {
    for (let from = 0; from < block.length; from += stepBytes) {
      if (from > 0 || parts.length > 0) yield;
      const step = block.subarray(from, from + stepBytes);
      const bytes: Buffer = begun ? Buffer.concat([begun, step]) : step;
      const end = endOfCharacters(bytes);
      begun = end < bytes.length ? bytes.subarray(end) : null;
      const whole = bytes.subarray(0, end);
      if (!isUtf8(whole)) return null;
      parts.push(whole.toString("utf8"));
    }
  }
  if (begun) return null;
  return parts.join("");
}

/** Removes the blocks one after another. */
function* removed(blocks: Buffer[]): Generator<Buffer> {
  blocks.reverse();
  for (let block = blocks.pop(); block; block = blocks.pop()) yield block;
}

/** The length of the bytes without the last character, if its end is missing. */
function endOfCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes.at(-back) ?? 0;
    // A byte within a character: its first byte is before it.
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
