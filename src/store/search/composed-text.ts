import { withoutCutEscape } from "../../json/long-value-parts.ts";
import { decodeString } from "../../json/value-parts.ts";

/** Separates an entry's texts. No folded text contains it, so a match cannot span two texts. */
export const separator = "\u0001";

/**
 * Maps equal texts to one spelling: composed (NFC), in lower case. Each composed character becomes one character with
 * the same number of UTF-16 units, so that positions in the folded and the composed text are the same.
 */
export function fold(text: string): string {
  return lower(compose(text));
}

export function lower(composed: string): string {
  // İ is the only character whose lower case is longer; Σ has two lower cases, depending on what follows it.
  return composed.replaceAll("\u0130", "i").toLowerCase().replaceAll("ς", "σ");
}

/** The fast path for most texts. */
const plain = /^[\t\n\r -~]*$/;

/**
 * A piece of a text, which is composed without the rest, so that the time is linear. The pieces of a text do not depend
 * on what reads it:
 *
 * 1. Characters that are not combining marks.
 * 2. The next characters, if they compose with those before them: Hangul vowels and finals, and a vowel of Kirat Rai. That
 *    vowel also composes with itself, in pairs, so a longer run is cut between two pairs.
 * 3. At most 30 combining marks, as in Unicode's Stream-Safe Text Format (UAX #15). NFC sorts the marks of a run in
 *    quadratic time, so a longer run is cut. No language has such a run.
 */
const pieces = /[^\p{M}\u{16d67}]{0,4096}[\u1160-\u11ff]{0,4096}\u{16d67}{0,4096}\p{M}{0,30}/gu;

/** Composes a text. Lone surrogates and U+0000, which databases cannot store, and the separator become U+FFFD. */
export function compose(text: string): string {
  if (plain.test(text)) return text;
  return piecesOf(text).map(composePiece).join("");
}

function piecesOf(text: string): readonly string[] {
  // The regular expression also matches the empty text at the end.
  return text.match(pieces)?.slice(0, -1) ?? [];
}

function composePiece(piece: string): string {
  if (plain.test(piece)) return piece;
  return piece
    .toWellFormed()
    .normalize("NFC")
    .replaceAll("\u0000", "\ufffd")
    .replaceAll(separator, "\ufffd")
    .replace(composedInLowerCaseOnly, (one) => {
      const [base = "", ...marks] = one.normalize("NFD");
      return [base.toUpperCase(), ...marks].join("").normalize("NFC").toLowerCase();
    });
}

/** Unicode has no single capital for these characters, so they are decomposed to stay the same when case changes. */
const composedInLowerCaseOnly = /[ǰΐΰẖẗẘẙὐὒὔὖᾲᾴᾶᾷῂῄῆῇῒῖῗῢῤῦῧῲῴῶῷ]\p{M}*/gu;

/** How much of a string one step composes, in UTF-16 units. */
const stepUnits = 4096;

/**
 * Composes a string of a value: all of it, or at least the given number of units. Returns null between two steps.
 * @param begin the position of the opening quote; `end` is after the closing one
 */
export function* composedBegin(
  value: string,
  begin: number,
  end: number,
  units: number,
): Generator<null, string> {
  const last = end - 1;
  let composed = "";
  /** The last piece, which may continue. */
  let rest = "";
  for (let at = begin + 1; at < last && composed.length < units;) {
    if (at > begin + 1) yield null;
    const until = at + stepUnits;
    const cut = until < last ? withoutCutEscape(value, at, until) : last;
    const text = rest + decodeString(`"${value.slice(at, cut)}"`);
    at = cut;
    if (at === last) return composed + compose(text);
    // The other half of a character can follow.
    const half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? "";
    const complete = piecesOf(text.slice(0, text.length - half.length));
    composed += complete.slice(0, -1).map(composePiece).join("");
    rest = (complete.at(-1) ?? "") + half;
  }
  return composed;
}
