import { newIdempotencyKey } from "./idempotency-key.ts";

// `JSON.stringify` writes -0 as 0, and not every runtime can be given the text of a number.

/** Stands for -0 in a value until its text is written. Nobody else knows it. */
const mark = newIdempotencyKey();
const quotedMark = `"${mark}"`;
const bigintMark = `${mark}n`;

/** A JSON value in which each -0 is marked, so that `writeNegativeZeros` finds it. */
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

/** A JSON text with -0 where it was marked. */
export function writeNegativeZeros(text: string): string {
  return text.includes(quotedMark) ? text.replaceAll(quotedMark, "-0") : text;
}
