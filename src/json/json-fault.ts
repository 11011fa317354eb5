import { formatJsonPointer } from "./json-pointer.ts";

/** Members and indexes that lead to a place in a value. */
export type JsonPath = readonly (string | number)[];

/** Why a text cannot be kept as a JSON value. The message says what is wrong and where. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Members and indexes that lead to the place. */
  readonly path: JsonPath;

  /** Whether it is nested deeper than any value may be: then it was not read to its end. */
  readonly isTooDeep: boolean;

  /** Whether the text is not JSON at all. */
  readonly isSyntax: boolean;

  /** Whether it is half of a surrogate pair in a string: JSON may hold one, and most of what reads JSON cannot. */
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

/** A caller's names may be as long as the text; a message shows this many UTF-16 units of them. */
const maxShownUnits = 200;

/** A JSON Pointer in quotes, cut to a length that fits a message. */
export function shownPath(path: JsonPath): string {
  return shown(formatJsonPointer(path.slice(0, maxShownUnits).map(String)));
}

/** A text in quotes, cut to a length that fits a message. */
export function shown(text: string): string {
  return JSON.stringify(
    text.length > maxShownUnits ? `${text.slice(0, maxShownUnits).toWellFormed()}…` : text,
  );
}

/** What half of a surrogate pair is refused with. */
export function halfPair(path: JsonPath): JsonFault {
  const reason = "A string holds half of a surrogate pair, which is not a character.";
  return new JsonFault(reason, path, { isHalfPair: true });
}

/** What a text that is not JSON is refused with. */
export function unexpected(text: string, at: number, wanted: string): JsonFault {
  const found = at >= text.length ? "it ends" : `there is ${shown(text.slice(at, at + 1))}`;
  return new JsonFault(`It is not JSON: at character ${at + 1} it needs ${wanted}; ${found}.`, [], {
    isSyntax: true,
  });
}
