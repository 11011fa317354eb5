import { formatJsonPointer } from "./json-pointer.ts";

/** The members and indexes that lead to a place in a value. */
export type JsonPath = readonly (string | number)[];

/** The reason why a text cannot be stored as a JSON value. The message says what is wrong and where. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /** What is wrong, without the place. */
  readonly reason: string;
  /** The place. */
  readonly path: JsonPath;

  /** Whether it is nested deeper than any limit allows. It was not read to its end then. */
  readonly isTooDeep: boolean;

  /** Whether the text is not JSON at all. */
  readonly isSyntax: boolean;

  /** Whether a string contains half of a surrogate pair. JSON allows it, but most programs cannot read it. */
  readonly isHalfPair: boolean;

  constructor(
    reason: string,
    path: JsonPath = [],
    { isTooDeep = false, isSyntax = false, isHalfPair = false } = {},
  ) {
    super(path.length === 0 ? reason : `At ${shownPath(path)}: ${reason}`);
    this.reason = reason;
    this.path = path;
    this.isTooDeep = isTooDeep;
    this.isSyntax = isSyntax;
    this.isHalfPair = isHalfPair;
  }
}

/** A message shows at most this many UTF-16 units of a caller's name, which can be long. */
const maxShownUnits = 200;

/** A JSON Pointer in quotes, cut to a length that fits a message. */
export function shownPath(path: JsonPath): string {
  const names = path.slice(0, maxShownUnits).map((name) => String(name).slice(0, maxShownUnits));
  return shown(formatJsonPointer(names));
}

/** A text in quotes, cut to a length that fits a message. */
export function shown(text: string): string {
  return JSON.stringify(
    text.length > maxShownUnits ? `${text.slice(0, maxShownUnits).toWellFormed()}…` : text,
  );
}

/** The error for half of a surrogate pair. */
export function halfPair(path: JsonPath): JsonError {
  const reason = "A string holds half of a surrogate pair, which is not a character.";
  return new JsonError(reason, path, { isHalfPair: true });
}

/** The error for a text that is not JSON. */
export function unexpected(text: string, at: number, wanted: string): JsonError {
  const found = at >= text.length ? "the text ends" : `found ${shown(text.slice(at, at + 1))}`;
  return new JsonError(
    `It is not JSON: expected ${wanted} at character ${at + 1}, but ${found}.`,
    [],
    {
      isSyntax: true,
    },
  );
}
