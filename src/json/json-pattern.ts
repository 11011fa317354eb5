import { compareDecimals, decimalOf, type Decimal } from "./decimal.ts";
import { longestEscape, withoutCutEscape } from "./long-value-parts.ts";
import { decodeString, endOfString, endOfValue, itemBegins, membersAt } from "./value-parts.ts";

/** A JSON value with which others are compared. */
export type JsonPattern =
  | { readonly kind: "number"; readonly number: Decimal }
  | { readonly kind: "string"; readonly text: string }
  /** True, false or null. */
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "array"; readonly items: readonly JsonPattern[] }
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonPattern> };

/** @param json the text of a `JsonText`, from the start of the value */
export function patternOf(json: string, at = 0): JsonPattern {
  switch (json[at]) {
    case "{": {
      const members = new Map<string, JsonPattern>();
      for (const { name, begin } of membersAt(json, at)) members.set(name, patternOf(json, begin));
      return { kind: "object", members };
    }
    case "[":
      return { kind: "array", items: itemBegins(json, at).map((begin) => patternOf(json, begin)) };
    case '"':
      return { kind: "string", text: decodeString(json.slice(at, endOfString(json, at))) };
    case "t":
    case "f":
    case "n":
      return { kind: "word", word: json.slice(at, endOfValue(json, at)) };
    default:
      return { kind: "number", number: decimalOf(json.slice(at, endOfValue(json, at))) };
  }
}

const differs = -1;

/**
 * Compares the value that begins at `at` with a pattern, in one pass. Numbers are equal if their values are equal, strings
 * if their characters are equal, and objects if they have equal members in any order.
 * @returns the end of the value; -1 if it is not equal
 */
export function endOfEqual(json: string, at: number, pattern: JsonPattern): number {
  switch (pattern.kind) {
    case "object":
      return json[at] === "{" ? endOfEqualObject(json, at, pattern.members) : differs;
    case "array":
      return json[at] === "[" ? endOfEqualArray(json, at, pattern.items) : differs;
    case "word":
      return json.startsWith(pattern.word, at) ? at + pattern.word.length : differs;
    case "string":
    case "number": {
      const order = compareAt(json, at, pattern);
      return order === 0 ? endOfValue(json, at) : differs;
    }
  }
}

function endOfEqualObject(
  json: string,
  at: number,
  members: ReadonlyMap<string, JsonPattern>,
): number {
  let count = 0;
  let place = at + 1;
  for (; json[place] !== "}"; count++) {
    if (count > 0) place++;
    const nameEnd = endOfString(json, place);
    const member = members.get(decodeString(json.slice(place, nameEnd)));
    if (!member) return differs;
    place = endOfEqual(json, nameEnd + 1, member);
    if (place === differs) return differs;
  }
  // No value has duplicate members.
  return count === members.size ? place + 1 : differs;
}

function endOfEqualArray(json: string, at: number, items: readonly JsonPattern[]): number {
  let place = at + 1;
  for (const [index, item] of items.entries()) {
    if (json[place] === "]") return differs;
    if (index > 0) place++;
    place = endOfEqual(json, place, item);
    if (place === differs) return differs;
  }
  return json[place] === "]" ? place + 1 : differs;
}

type Ordered = Extract<JsonPattern, { readonly kind: "number" | "string" }>;

/**
 * Compares the number or string that begins at `at` with a pattern: numbers exactly, strings by their code points.
 * @returns null if it is a value of another type
 */
export function compareAt(json: string, at: number, pattern: Ordered): number | null {
  if (pattern.kind === "string") {
    if (json[at] !== '"') return null;
    return compareCodePoints(beginOfString(json, at, pattern.text.length + 1), pattern.text);
  }
  const decimal = decimalAt(json, at);
  return decimal && compareDecimals(decimal, pattern.number);
}

/** Returns the number that begins at `at`; null if it is a value of another type. */
export function decimalAt(json: string, at: number): Decimal | null {
  return /[-\d]/.test(json[at] ?? "") ? decimalOf(json.slice(at, endOfValue(json, at))) : null;
}

/** Returns the characters of a string, or at least its first `units`, which are enough for a comparison. */
function beginOfString(json: string, at: number, units: number): string {
  const end = endOfString(json, at);
  const needed = at + 1 + units * longestEscape;
  if (needed >= end) return decodeString(json.slice(at, end));
  return decodeString(`${json.slice(at, withoutCutEscape(json, at + 1, needed))}"`);
}

/** JavaScript's `<` compares UTF-16 units, so it sorts characters beyond U+FFFF before U+E000. */
function compareCodePoints(one: string, other: string): number {
  if (one === other) return 0;
  const end = Math.min(one.length, other.length);
  for (let at = 0; at < end; at++) {
    const a = one.charCodeAt(at);
    const b = other.charCodeAt(at);
    if (a === b) continue;
    return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return one.length - other.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
