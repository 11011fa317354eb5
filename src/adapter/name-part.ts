/** Characters that Baton refuses in keys and namespaces, and the one that escapes them. */
// eslint-disable-next-line no-control-regex
const refused = /[\u0000-\u001f\u007f-\u009f\u241b]|\p{Surrogate}/gu;
const escaped = /\u241b([0-9A-F]{4})/g;

/**
 * Escapes the characters that Baton refuses. Each becomes `␛` (U+241B) and its code in four hexadecimal digits, and so
 * does `␛` itself. The Python package uses the same form.
 */
export function escapeText(text: string): string {
  return text.replace(refused, (character) => `\u241b${codeOf(character, 4)}`);
}

/** Reverses `escapeText`. */
export function originalText(text: string): string {
  return text.replace(escaped, (_, code: string) => characterOf(code));
}

/**
 * A string as one part of a name whose parts are joined by a separator: `namePart("a:b", ":")` is `a%3Ab`. The separator
 * and `%` become `%` and their code in two hexadecimal digits. Characters that Baton refuses are escaped as in `escapeText`.
 */
export function namePart(text: string, separator: ":" | "/"): string {
  const isReserved = separator === ":" ? /[%:]/g : /[%/]/g;
  return escapeText(text.replace(isReserved, (character) => `%${codeOf(character, 2)}`));
}

/** Reverses `namePart`. */
export function originalPart(part: string): string {
  return originalText(part).replace(/%([0-9A-F]{2})/g, (_, code: string) => characterOf(code));
}

function codeOf(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(digits, "0");
}

function characterOf(code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16));
}
