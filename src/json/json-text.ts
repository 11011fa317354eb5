import { halfPair, JsonFault } from "./json-fault.ts";
import { isWhitespace, JsonScanner } from "./json-scanner.ts";
import { stepUnits, type Steps } from "./long-value-parts.ts";

/**
 * A JSON value as its text: valid JSON without insignificant whitespace, without duplicate members or lone surrogates,
 * and otherwise as it was sent. Numbers, the order of members, and a member named `__proto__` are unchanged.
 *
 * The constructor trusts its text, as one that was read from the database. `parseJsonText` checks one.
 */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Reads the text of one JSON value that somebody sent.
 * @throws JsonFault when it is not JSON, or cannot be kept as it is
 */
export function parseJsonText(text: string): JsonText {
  const scanner = new JsonScanner(text);
  scanner.run();
  return textIn(scanner);
}

/** As `parseJsonText`, in steps. */
export function* parseLongJsonText(text: string): Steps<JsonText> {
  const scanner = new JsonScanner(text);
  while (!scanner.run(scanner.at + stepUnits)) yield;
  return textIn(scanner);
}

function textIn(scanner: JsonScanner): JsonText {
  scanner.requireEnd();
  if (scanner.fault) throw scanner.fault;
  return new JsonText(scanner.compact());
}

/**
 * The text of a value that is made here.
 * @throws JsonFault for what JSON cannot say: NaN, an infinity, undefined, a function, a lone surrogate, a cycle
 */
export function jsonTextOf(value: unknown): JsonText {
  return new JsonText(write(value, []));
}

/**
 * The text of what `JSON.parse` made of an ordinary text.
 * @throws JsonFault for a number that has become infinite, and for a lone surrogate
 */
export function jsonTextOfParsed(value: unknown): JsonText {
  const text = stringify(value);
  // An infinity becomes null; no other text in JSON has an escape that begins with `\ud`, but for what is escaped twice.
  if (text === undefined || text.includes("null") || mayHoldHalves(text)) return jsonTextOf(value);
  return new JsonText(text);
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // It was written before, with more of the stack left.
    if (error instanceof RangeError) throw new JsonFault("It is nested too deep.");
    throw error;
  }
}

/**
 * What `JSON.parse` makes of a text that is exactly what JavaScript writes for it, but for whitespace: then nothing is
 * lost. Null for any other text, and for what is not JSON.
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
 * Whether the text is what JavaScript wrote for its value, with whitespace here and there. Where all other characters are
 * the same, so are the quotes, and strings begin and end at the same ones; no whitespace in a string can be left out
 * then, as the value's strings have all of it.
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

/** Whether JSON that JavaScript wrote may hold half of a surrogate pair: it escapes nothing else like that. */
function mayHoldHalves(text: string): boolean {
  return text.includes("\\ud");
}

/** Deeper values are refused here, cycles among them: every limit on the depth of a value is far below. */
const maxWrittenDepth = 1_000;

/** @param path of the value; changed meanwhile, and as it was afterwards */
function write(value: unknown, path: (string | number)[]): string {
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "number":
      if (!Number.isFinite(value)) throw new JsonFault(`JSON has no ${value}.`, [...path]);
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
      return String(value);
    case "bigint":
      return String(value);
    case "object":
      if (value === null) return "null";
      if (value instanceof JsonText) return value.text;
      if (path.length === maxWrittenDepth) {
        throw new JsonFault(`It is nested more than ${maxWrittenDepth} deep.`);
      }
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      throw new JsonFault(`JSON has no ${typeof value}.`, [...path]);
  }
}

function writeArray(items: readonly unknown[], path: (string | number)[]): string {
  const depth = path.length;
  const texts: string[] = [];
  // Not `map`, which leaves holes out.
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
