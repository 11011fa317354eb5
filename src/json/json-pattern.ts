import { compareDecimals, decimalOf, type Decimal } from "./decimal.ts";
import { longestEscape, withoutCutEscape } from "./long-value-parts.ts";
import { decodeString, endOfString, endOfValue, itemBegins, membersAt } from "./value-parts.ts";

/** A JSON value that others are compared with. */
export type JsonPattern =
  | { readonly kind: "number"; readonly number: Decimal }
  | { readonly kind: "string"; readonly text: string }
  /** True, false or null. */
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "array"; readonly items: readonly JsonPattern[] }
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonPattern> };

/** @param json the text of a `JsonText`, from where the value begins */
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
 * Compares the value that begins at `at` with a pattern, in one pass. Numbers are equal when their values are, strings when
 * they say the same, objects when they have the same members in any order.
 * @returns where the value ends; -1 when it is not equal
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
  // No value has a member twice.
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
 * How the number or string that begins at `at` compares with one: numbers exactly, strings by their code points.
 * @returns null when it is something else
 */
export function compareAt(json: string, at: number, pattern: Ordered): number | null {
  if (pattern.kind === "string") {
    if (json[at] !== '"') return null;
    return compareCodePoints(beginOfString(json, at, pattern.text.length + 1), pattern.text);
  }
  const decimal = decimalAt(json, at);
  return decimal && compareDecimals(decimal, pattern.number);
}

/** The number that begins at `at`; null when it is something else. */
export function decimalAt(json: string, at: number): Decimal | null {
  return /[-\d]/.test(json[at] ?? "") ? decimalOf(json.slice(at, endOfValue(json, at))) : null;
}

/** What a string says, or at least so many of its units. A comparison needs no more, and the string may be long. */
function beginOfString(json: string, at: number, units: number): string {
  const end = endOfString(json, at);
  const needed = at + 1 + units * longestEscape;
  if (needed >= end) return decodeString(json.slice(at, end));
  return decodeString(`${json.slice(at, withoutCutEscape(json, at + 1, needed))}"`);
}

/** JavaScript's `<` compares UTF-16 units: a character beyond U+FFFF would come before U+E000. */
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
