import { endOfValue } from "./value-parts.ts";

/** Work on a long text in steps. Its caller can yield to other work between two steps. */
export type Steps<T> = Generator<void, T, void>;

/** How much of a text one step reads, in UTF-16 units. A step takes one or a few milliseconds. */
export const stepUnits = 64 * 1024;

/** Like `endOfValue`, in steps. */
export function* endOfLongValue(text: string, at: number): Steps<number> {
  return (yield* extentOfLongValue(text, at)).end;
}

/** Where a value ends, and its nesting depth. */
export interface Extent {
  readonly end: number;
  readonly depth: number;
}

/** Finds the end and the depth of the value that begins at `at`, in steps. */
export function* extentOfLongValue(text: string, at: number): Steps<Extent> {
  const first = text.charCodeAt(at);
  if (first !== 0x22 && first !== 0x7b && first !== 0x5b) {
    return { end: endOfValue(text, at), depth: 0 };
  }
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  let until = at + stepUnits;
  for (let place = at; ;) {
    if (place >= until) {
      yield;
      until = place + stepUnits;
    }
    const code = text.charCodeAt(place++);
    if (code === 0x22) {
      isInString = !isInString;
      if (!isInString && depth === 0) return { end: place, depth: 0 };
    } else if (isInString) {
      if (code === 0x5c) place++;
    } else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if ((code === 0x7d || code === 0x5d) && --depth === 0)
      return { end: place, depth: deepest };
  }
}

/** Like `decodeString`, in steps. */
export function* decodeLongString(text: string): Steps<string> {
  const parts: string[] = [];
  const last = text.length - 1;
  for (let begin = 1; begin < last;) {
    let end = Math.min(begin + stepUnits, last);
    if (end < last) end = withoutCutEscape(text, begin, end);
    parts.push(JSON.parse(`"${text.slice(begin, end)}"`) as string);
    begin = end;
    yield;
  }
  return parts.join("");
}

/** The longest escape is `\uXXXX`. */
export const longestEscape = 6;

/**
 * Returns the end, or an earlier one if the end is within an escape.
 * @param begin a place in the same string that is not within an escape. The characters before it are not read.
 */
export function withoutCutEscape(text: string, begin: number, end: number): number {
  let first = Math.max(begin, end - longestEscape + 1);
  let backslashes = 0;
  while (first - backslashes > begin && text.charCodeAt(first - backslashes - 1) === 0x5c) {
    backslashes++;
  }
  if (backslashes % 2 === 1) first++; // it is escaped
  for (let at = first; at < end; at++) {
    if (text.charCodeAt(at) === 0x5c) {
      const length = text.charCodeAt(at + 1) === 0x75 ? longestEscape : 2;
      if (at + length > end) return at;
      at += length - 1;
    }
  }
  return end;
}
