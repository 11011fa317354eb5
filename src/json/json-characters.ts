import { unexpected } from "./json-error.ts";
import { firstOf } from "./value-parts.ts";

// Whitespace, numbers and surrogates of a JSON text. The text can be anything.

/** Whitespace or a number is long from here on, in UTF-16 units. */
const minLongUnits = 64;
const notWhitespace = /[^ \n\r\t]/g;
const notDigit = /\D/g;

/** The end of the whitespace that begins at `at`, which can have no characters. */
export function afterWhitespace(text: string, at: number): number {
  const longAfter = at + minLongUnits;
  let end = at;
  while (isWhitespace(text.charCodeAt(end))) {
    if (++end === longAfter) return firstOf(notWhitespace, text, end);
  }
  return end;
}

/**
 * The end of the number that begins at `begin`.
 * @throws JsonError if none begins there
 */
export function endOfNumber(text: string, begin: number): number {
  let at = begin;
  let code = text.charCodeAt(at);
  if (code === 0x2d) code = text.charCodeAt(++at);
  if (code === 0x30) code = text.charCodeAt(++at);
  else if (isDigit(code)) code = text.charCodeAt((at = afterDigits(text, at)));
  else throw unexpected(text, at, at === begin ? "a value" : "a digit");
  if (code === 0x2e) {
    code = text.charCodeAt(++at);
    if (!isDigit(code)) throw unexpected(text, at, "a digit");
    code = text.charCodeAt((at = afterDigits(text, at)));
  }
  if (code === 0x65 || code === 0x45) {
    code = text.charCodeAt(++at);
    if (code === 0x2b || code === 0x2d) code = text.charCodeAt(++at);
    if (!isDigit(code)) throw unexpected(text, at, "a digit");
    at = afterDigits(text, at);
  }
  return at;
}

/** The end of the digits that begin at `at`. */
function afterDigits(text: string, at: number): number {
  const longAfter = at + minLongUnits;
  let end = at;
  while (isDigit(text.charCodeAt(end))) {
    if (++end === longAfter) return firstOf(notDigit, text, end);
  }
  return end;
}

/** Whether JSON allows it between tokens. */
export function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether it is the first half of a surrogate pair. */
export function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Whether it is the second half of a surrogate pair. */
export function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
