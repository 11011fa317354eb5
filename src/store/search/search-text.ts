import type { Entry } from "../model/entry.ts";
import { formatJsonPointer } from "../../json/json-pointer.ts";

// What of an entry a search looks at, and when a text is found in it: the one definition, on every database.

/** So much of a value's strings is searched, in UTF-16 units: an index of more would be larger than the values. */
export const maxSearchedUnits = 65_536;
/** How much a snippet shows on each side of the match. */
const shownUnits = 80;
/** Stands between an entry's texts; no folded text holds it, so that no match reaches from one into the next. */
const separator = "\u0001";

/** Where a text was found. The match as it is written there, and what is right before and after it. */
export interface Match {
  /** JSON Pointer of the string in the value; null where it was found in the key. */
  readonly path: string | null;
  readonly before: string;
  readonly text: string;
  readonly after: string;
}

/**
 * One spelling of equal texts: composed (NFC), in lower case. Each character becomes exactly one of as many UTF-16
 * units, so that a place in the folded text is the same place in the composed one.
 */
export function fold(text: string): string {
  return lower(compose(text));
}

/** What databases can't hold (half of a surrogate pair, U+0000), and the separator, become U+FFFD. */
function compose(text: string): string {
  // Most texts are of these characters, and take no time then.
  if (/^[\t\n\r -~]*$/.test(text)) return text;
  const composed = text.toWellFormed().normalize("NFC");
  return composed
    .replaceAll("\u0000", "\ufffd")
    .replaceAll(separator, "\ufffd")
    .replace(composedInLowerCaseOnly, (one) => {
      const [base = "", ...marks] = one.normalize("NFD");
      return [base.toUpperCase(), ...marks].join("").normalize("NFC").toLowerCase();
    });
}

/** Unicode has no such capital: that is two characters, and they stay two when they are lowered. */
const composedInLowerCaseOnly = /[ǰΐΰẖẗẘẙὐὒὔὖᾲᾴᾶᾷῂῄῆῇῒῖῗῢῤῦῧῲῴῶῷ]\p{M}*/gu;

function lower(composed: string): string {
  // İ is the one character whose lower case is longer; Σ has two, by what follows it.
  return composed.replaceAll("\u0130", "i").toLowerCase().replaceAll("ς", "σ");
}

/** Everything that is searched of an entry, folded: what an index holds. */
export function searchText(entry: Pick<Entry, "key" | "value">): string {
  const texts: string[] = [];
  visitTexts(entry, (composed) => {
    texts.push(lower(composed));
    return false;
  });
  return texts.join(separator);
}

/** @param folded what is looked for, as `fold` gives it */
export function findMatch(entry: Pick<Entry, "key" | "value">, folded: string): Match | null {
  let match: Match | null = null;
  visitTexts(entry, (composed, path) => {
    const begin = lower(composed).indexOf(folded);
    if (begin === -1) return false;
    const end = begin + folded.length;
    match = {
      path: path && formatJsonPointer(path.map(String)),
      before: withoutHalves(composed.slice(Math.max(0, begin - shownUnits), begin)),
      text: composed.slice(begin, end),
      after: withoutHalves(composed.slice(end, end + shownUnits)),
    };
    return true;
  });
  return match;
}

/**
 * Shows the texts of an entry that are searched, composed: its key, then the strings of its value in their order, until
 * `maxSearchedUnits` of these were shown. Ends when `visit` returns true.
 */
function visitTexts(
  { key, value }: Pick<Entry, "key" | "value">,
  visit: (composed: string, path: readonly (string | number)[] | null) => boolean,
): void {
  if (visit(compose(key), null)) return;
  const path: (string | number)[] = [];
  let leftUnits = maxSearchedUnits;
  const walk = (node: unknown): boolean => {
    if (typeof node === "string") {
      const composed = compose(node);
      const shown = withoutHalves(composed.slice(0, leftUnits));
      leftUnits -= Math.min(leftUnits, composed.length);
      return (shown !== "" && visit(shown, path)) || leftUnits === 0;
    }
    if (typeof node !== "object" || node === null) return false;
    const walkBelow = (child: unknown, member: string | number) => {
      path.push(member);
      const isDone = walk(child);
      path.pop();
      return isDone;
    };
    if (Array.isArray(node)) return node.some(walkBelow);
    return Object.entries(node).some(([member, child]) => walkBelow(child, member));
  };
  walk(JSON.parse(value));
}

/** A text that was cut, without what is left of a pair that the cut went through. */
function withoutHalves(cut: string): string {
  return cut.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
}
