import { shown, shownPath } from "./json-error.ts";
import { endOfValue, itemBegins, kindOfText, memberBegin } from "./value-parts.ts";

/** The new text of the value, or the reason for a refusal. */
export type Incremented =
  | { readonly kind: "incremented"; readonly text: string }
  | {
      readonly kind: "refused";
      /** The cause: the number to add, or the value at the path. */
      readonly argument: "by" | "path";
      readonly reason: string;
    };

/** Maximum number of digits of an integer, before and after the increment. */
const maxIntegerDigits = 1_000;

/**
 * Adds to a number, which can be inside objects and arrays. The rest of the value keeps its text. If the number does not
 * exist, it starts at 0, and missing objects on the path are created.
 *
 * Integers without an exponent are added exactly, up to 1,000 digits. Other numbers are 64-bit floats.
 * @param value the text of a `JsonText`; null if the entry does not exist
 * @param by a fraction, or an integer from -(2^53 - 1) to 2^53 - 1
 */
export function incrementText(
  value: string | null,
  path: readonly string[],
  by: number,
): Incremented {
  const problem = incrementProblem(by);
  if (problem !== null) return refused("by", problem);
  if (value === null) return { kind: "incremented", text: created(path, by) };
  const found = find(value, path);
  if (found.kind === "refused") return found;
  const { begin, end } = found;
  if (found.kind === "absent") {
    const member = `${JSON.stringify(found.rest[0])}:${created(found.rest.slice(1), by)}`;
    const comma = value[begin - 1] === "{" ? "" : ",";
    return spliced(value, begin, end, comma + member);
  }
  const number = value.slice(begin, end);
  if (!/^[-\d]/.test(number)) {
    return refused("path", wanted("a number", path, number));
  }
  const sum = sumOf(number, by);
  return sum.kind === "refused" ? sum : spliced(value, begin, end, sum.text);
}

/** Returns why a number cannot be used as an increment; null if it can. */
export function incrementProblem(by: number): string | null {
  if (!Number.isFinite(by)) return "Must be a finite number.";
  if (!Number.isInteger(by) || Number.isSafeInteger(by)) return null;
  return `An integer must be from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}, but is ${by}.`;
}

type Found =
  | { readonly kind: "found"; readonly begin: number; readonly end: number }
  /** The place does not exist: the members `rest` are to be inserted. */
  | {
      readonly kind: "absent";
      readonly begin: number;
      readonly end: number;
      readonly rest: readonly string[];
    }
  | (Incremented & { readonly kind: "refused" });

function find(text: string, path: readonly string[]): Found {
  let begin = 0;
  for (const [depth, name] of path.entries()) {
    const above = path.slice(0, depth);
    if (text[begin] === "[") {
      const begins = itemBegins(text, begin);
      const item = /^(0|[1-9]\d*)$/.test(name) ? begins[Number(name)] : undefined;
      if (item === undefined) {
        return refused(
          "path",
          `The array at ${place(above)} has ${begins.length} items, and no item ${shown(name)}. Nothing was changed.`,
        );
      }
      begin = item;
      continue;
    }
    if (text[begin] !== "{") {
      return refused(
        "path",
        wanted("an object", above, text.slice(begin, endOfValue(text, begin))),
      );
    }
    const member = memberBegin(text, begin, name);
    if (member === null) {
      const end = endOfValue(text, begin) - 1;
      return { kind: "absent", begin: end, end, rest: path.slice(depth) };
    }
    begin = member;
  }
  return { kind: "found", begin, end: endOfValue(text, begin) };
}

function sumOf(number: string, by: number): Incremented {
  if (!/^-?\d+$/.test(number)) return floatSum(Number(number), number, by);
  if (!Number.isInteger(by)) {
    const before = Number(number);
    if (Number.isSafeInteger(before)) return floatSum(before, number, by);
    return refused(
      "by",
      `A fraction cannot be added exactly to ${short(number)}, which is beyond ±${Number.MAX_SAFE_INTEGER}. Nothing was changed.`,
    );
  }
  if (digitsOf(number) > maxIntegerDigits) return tooLong(digitsOf(number));
  const sum = String(BigInt(number) + BigInt(by));
  return digitsOf(sum) > maxIntegerDigits
    ? tooLong(digitsOf(sum))
    : { kind: "incremented", text: sum };
}

function floatSum(before: number, number: string, by: number): Incremented {
  const sum = before + by;
  // An integer with an exponent, beyond 2^53, would stay the same after each addition.
  const isWhole = Number.isInteger(before) && Number.isInteger(by);
  const isExact = !isWhole || (sum - before === by && sum - by === before);
  if (Number.isFinite(sum) && isExact) return { kind: "incremented", text: String(sum) };
  return refused(
    "by",
    `A 64-bit float cannot hold the sum of ${short(number)} and ${by}${Number.isFinite(sum) ? " exactly" : ""}. Nothing was changed.`,
  );
}

function tooLong(digits: number): Incremented & { readonly kind: "refused" } {
  return refused(
    "by",
    `An integer must have at most ${maxIntegerDigits} digits before and after the increment, but has ${digits}. Nothing was changed.`,
  );
}

function digitsOf(integer: string): number {
  return integer.startsWith("-") ? integer.length - 1 : integer.length;
}

/** Returns the number inside new objects. */
function created(path: readonly string[], by: number): string {
  const [name, ...rest] = path;
  if (name === undefined) return String(by);
  return `{${JSON.stringify(name)}:${created(rest, by)}}`;
}

function spliced(text: string, begin: number, end: number, part: string): Incremented {
  return { kind: "incremented", text: text.slice(0, begin) + part + text.slice(end) };
}

function refused(
  argument: "by" | "path",
  reason: string,
): Incremented & { readonly kind: "refused" } {
  return { kind: "refused", argument, reason };
}

function wanted(what: string, path: readonly string[], found: string): string {
  return `The value at ${place(path)} must be ${what} or not exist, but is ${kindOfText(found)}. Nothing was changed.`;
}

function place(path: readonly string[]): string {
  return path.length === 0 ? "the top" : shownPath(path);
}

function short(number: string): string {
  return number.length > 40 ? `${number.slice(0, 40)}…` : number;
}
