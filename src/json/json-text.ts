import { halfPair, JsonError } from "./json-error.ts";
import { isWhitespace } from "./json-characters.ts";
import { JsonScanner, maxMembersInRequest } from "./json-scanner.ts";
import { stepUnits, type Steps } from "./long-value-parts.ts";
import { depthOf } from "./value-parts.ts";

/**
 * The text of a JSON value: valid JSON without insignificant whitespace, without duplicate members or lone surrogates,
 * and otherwise unchanged. It keeps the form of numbers, the order of members, and a member named `__proto__`.
 *
 * The constructor does not check its text, for example one from the database. `parseJsonText` checks one.
 */
export class JsonText {
  readonly text: string;
  #depth: number | undefined;
  #sizeBytes: number | undefined;

  /** @param depth its nesting depth, if it is known */
  constructor(text: string, depth?: number) {
    this.text = text;
    this.#depth = depth;
  }

  /** The nesting depth: see `depthOf`. It is found once, because hundreds of operations can share one text. */
  get depth(): number {
    return (this.#depth ??= depthOf(this.text));
  }

  /** The size in UTF-8. It is found once, too. */
  get sizeBytes(): number {
    return (this.#sizeBytes ??= Buffer.byteLength(this.text));
  }
}

/**
 * Reads the text of one JSON value from a caller.
 * @throws JsonError if it is not JSON, or if it cannot be stored unchanged
 */
export function parseJsonText(text: string): JsonText {
  const scanner = new JsonScanner(text);
  scanner.run();
  return textIn(scanner);
}

/** Like `parseJsonText`, in steps, for a text in a request. */
export function* parseLongJsonText(text: string): Steps<JsonText> {
  const scanner = new JsonScanner(text, 0, { maxMembers: maxMembersInRequest });
  while (!scanner.run(scanner.at + stepUnits)) yield;
  return textIn(scanner);
}

function textIn(scanner: JsonScanner): JsonText {
  scanner.requireEnd();
  if (scanner.problem) throw scanner.problem;
  return new JsonText(scanner.compact());
}

/**
 * Returns the text of a JavaScript value.
 * @throws JsonError for a value that JSON cannot represent: NaN, an infinity, undefined, a function, a lone surrogate,
 *   a cycle
 */
export function jsonTextOf(value: unknown): JsonText {
  return new JsonText(write(value, []));
}

/**
 * Returns the text of a result of `JSON.parse`.
 * @throws JsonError for a number that has become infinite, and for a lone surrogate
 */
export function jsonTextOfParsed(value: unknown): JsonText {
  const text = stringify(value);
  // An infinity becomes null. A lone surrogate becomes an escape that starts with `\ud`.
  if (text === undefined || text.includes("null") || mayHoldHalves(text)) return jsonTextOf(value);
  return new JsonText(text);
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // JSON.stringify wrote it, but this function needs more of the stack.
    if (error instanceof RangeError) throw new JsonError("It is nested too deep.");
    throw error;
  }
}

/**
 * Parses a text with `JSON.parse` if JavaScript would write the result as the same text, apart from whitespace. Then
 * nothing is lost. Returns null for any other text, and for a text that is not JSON.
 */
export function parseOrdinary(text: string): { readonly value: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    const isExact = differsInWhitespace(text, JSON.stringify(value)) && !mayHoldHalves(text);
    return isExact ? { value } : null;
  } catch {
    // It is not JSON, or nested deeper than JavaScript writes.
    return null;
  }
}

/**
 * Whether a text differs only in whitespace from the text that JavaScript wrote for its value. If all other characters are
 * equal, strings begin and end at the same quotes. Whitespace inside strings is then equal, too, because `written` contains
 * all of it.
 */
function differsInWhitespace(text: string, written: string): boolean {
  if (text === written) return true;
  if (text.length < written.length) return false;
  let at = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === written.charCodeAt(at)) at++;
    else if (!isWhitespace(code)) return false;
  }
  return at === written.length;
}

/** Whether JSON that JavaScript wrote can contain half of a surrogate pair, which it escapes as `\ud…`. */
function mayHoldHalves(text: string): boolean {
  return text.includes("\\ud");
}

/** Deeper values are refused, including cycles. Every limit on the depth of a value is far lower. */
const maxWrittenDepth = 1_000;

/** @param path the path of the value; it is changed during the call, and restored at the end */
function write(value: unknown, path: (string | number)[]): string {
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "number":
      if (!Number.isFinite(value))
        throw new JsonError(`JSON cannot represent ${value}.`, [...path]);
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
      return String(value);
    case "bigint":
      return String(value);
    case "object":
      if (value === null) return "null";
      if (value instanceof JsonText) return value.text;
      if (path.length === maxWrittenDepth) {
        throw new JsonError(`It is nested more than ${maxWrittenDepth} deep.`);
      }
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      throw new JsonError(`JSON cannot represent a value of type ${typeof value}.`, [...path]);
  }
}

function writeArray(items: readonly unknown[], path: (string | number)[]): string {
  const depth = path.length;
  const texts: string[] = [];
  // Not `map`, which skips holes.
  for (let index = 0; index < items.length; index++) {
    path[depth] = index;
    texts.push(write(items[index], path));
  }
  path.length = depth;
  return `[${texts.join(",")}]`;
}

function writeObject(value: object, path: (string | number)[]): string {
  const depth = path.length;
  const texts: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    path[depth] = name;
    texts.push(`${writeString(name, path)}:${write(member, path)}`);
  }
  path.length = depth;
  return `{${texts.join(",")}}`;
}

function writeString(text: string, path: (string | number)[]): string {
  if (text.isWellFormed()) return JSON.stringify(text);
  throw halfPair([...path]);
}
