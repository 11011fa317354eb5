import { newIdempotencyKey } from "./idempotency-key.ts";

/** How requests are written and answers read. */
export interface JsonCodec {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

/** How numbers are given to the caller, and taken. */
export type Numbers = "float" | "exact";

/** Whole numbers beyond 2^53 as bigint, in both directions. All others are 64-bit floats, as JavaScript has them. */
function exactNumbers(): JsonCodec {
  // Marks the text of such a number while JavaScript's own parser has it. Nobody else knows it.
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
 * A JSON text with each whole number beyond 2^53 as a string that begins with a mark. The text is read once: a regular
 * expression for whole strings would need a stack as deep as a string is long.
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

/** Where a string of a JSON text ends that begins here; of one without an end, where the text does. */
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
