import { newIdempotencyKey } from "./idempotency-key.ts";

/** Writes requests and reads responses. */
export interface JsonCodec {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

/** How numbers are read and written. */
export type Numbers = "float" | "exact";

/** Creates a codec that reads and writes integers beyond 2^53 as bigint. All other numbers are 64-bit floats. */
function exactNumbers(): JsonCodec {
  // A random prefix that marks the digits of such an integer while JSON.parse reads them. No value can contain it by
  // chance.
  const mark = newIdempotencyKey();
  const marked = new RegExp(`"${mark}(-?\\d+)"`, "g");
  return {
    stringify: (value) =>
      JSON.stringify(value, (_name, member: unknown) =>
        typeof member === "bigint" ? mark + member : member,
      ).replace(marked, "$1"),
    parse(text) {
      if (!/\d{16}/.test(text)) return JSON.parse(text);
      return JSON.parse(markLargeIntegers(text, mark), (_name, member: unknown) =>
        typeof member === "string" && member.startsWith(mark)
          ? BigInt(member.slice(mark.length))
          : member,
      );
    },
  };
}

/** The characters of a number. */
const numeral = /[-+.\deE]+/y;

/**
 * Replaces each integer beyond 2^53 in a JSON text with a string that begins with a mark. It scans the text by hand,
 * because a regular expression for whole strings would need a stack as deep as the string is long.
 */
function markLargeIntegers(text: string, mark: string): string {
  let marked = "";
  let copied = 0;
  for (let at = 0; at < text.length;) {
    const character = text.charCodeAt(at);
    if (character === quote) {
      at = endOfString(text, at);
    } else if (character === minus || isDigit(character)) {
      numeral.lastIndex = at;
      const [found = ""] = numeral.exec(text) ?? [];
      if (found.length >= 16 && isLargeInteger(found)) {
        marked += `${text.slice(copied, at)}"${mark}${found}"`;
        copied = at + found.length;
      }
      at += found.length;
    } else {
      at++;
    }
  }
  return marked + text.slice(copied);
}

const quote = 0x22;
const minus = 0x2d;

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39;
}

function isLargeInteger(number: string): boolean {
  return /^-?\d+$/.test(number) && !Number.isSafeInteger(Number(number));
}

/** Returns the end of the JSON string that begins here, or the end of the text if the string is not terminated. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}

export function jsonCodec(numbers: Numbers): JsonCodec {
  return numbers === "exact" ? exactNumbers() : JSON;
}
