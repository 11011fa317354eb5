import { newIdempotencyKey } from "./writes.ts";

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
      const safe = text.replace(token, (found) =>
        /^-?\d{16,}$/.test(found) && !Number.isSafeInteger(Number(found))
          ? `"${mark}${found}"`
          : found,
      );
      return JSON.parse(safe, (_name, member: unknown) =>
        typeof member === "string" && member.startsWith(mark)
          ? BigInt(member.slice(mark.length))
          : member,
      );
    },
  };
}

/** A string or a number of a JSON text, whole. */
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

export function jsonCodec(numbers: Numbers): JsonCodec {
  return numbers === "exact" ? exactNumbers() : JSON;
}
