import { newIdempotencyKey } from "./idempotency-key.ts";

// `JSON.stringify` writes -0 as 0, and not every runtime supports raw JSON text for a number.

/** A random string that stands for -0 in a value until its text is written. */
const mark = newIdempotencyKey();
const quotedMark = `"${mark}"`;
const bigintMark = `${mark}n`;

/** Replaces each -0 in a JSON value with the mark, so that `writeNegativeZeros` finds it. */
export function markNegativeZeros(value: unknown): unknown {
  const text = JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member === "bigint") return bigintMark + member;
    return Object.is(member, -0) ? mark : member;
  });
  return JSON.parse(text, (_name, member: unknown) =>
    typeof member === "string" && member.startsWith(bigintMark)
      ? BigInt(member.slice(bigintMark.length))
      : member,
  );
}

/** Replaces each mark in a JSON text with -0. */
export function writeNegativeZeros(text: string): string {
  return text.includes(quotedMark) ? text.replaceAll(quotedMark, "-0") : text;
}
