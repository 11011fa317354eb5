import type { Entry } from "../model/entry.ts";
import { formatJsonPointer } from "../../json/json-pointer.ts";
import { stepUnits, type Steps } from "../../json/long-value-parts.ts";
import { decodeString, endOfString } from "../../json/value-parts.ts";
import { compose, composedBegin, lower, separator } from "./composed-text.ts";

// What a search compares of an entry, and when a text matches. Both databases use this definition.

/** How much of a value's strings is searched, in UTF-16 units. Otherwise the index would be larger than the values. */
export const maxSearchedUnits = 65_536;
/** How much of the text around a match is shown on each side, in UTF-16 units. */
const shownUnits = 80;

/** The place of a match: the text as it is written there, and the text before and after it. */
export interface Match {
  /** JSON Pointer to the string in the value; null if the text is in the key. */
  readonly path: string | null;
  readonly before: string;
  readonly text: string;
  readonly after: string;
}

/** Returns the searched texts of an entry, folded: the content of the index. In steps. */
export function* searchText(entry: Pick<Entry, "key" | "value">): Steps<string> {
  const texts: string[] = [];
  for (const shown of shownTexts(entry)) {
    if (shown === null) yield;
    else texts.push(lower(shown.composed));
  }
  return texts.join(separator);
}

/**
 * Finds the first place of a text in an entry, in steps.
 * @param folded the text to find, as `fold` returns it
 */
export function* findMatch(
  entry: Pick<Entry, "key" | "value">,
  folded: string,
): Steps<Match | null> {
  for (const shown of shownTexts(entry)) {
    if (shown === null) {
      yield;
      continue;
    }
    const { composed, levels } = shown;
    const begin = lower(composed).indexOf(folded);
    if (begin === -1) continue;
    const end = begin + folded.length;
    return {
      path: levels && formatJsonPointer(levels.map((level) => nameOf(level, entry.value))),
      before: withoutHalves(composed.slice(Math.max(0, begin - shownUnits), begin)),
      text: composed.slice(begin, end),
      after: withoutHalves(composed.slice(end, end + shownUnits)),
    };
  }
  return null;
}

/** An object or array of a value that contains the current position of the reading. */
interface Level {
  readonly isArray: boolean;
  /** The index of the current item. */
  index: number;
  /** The start and end of the current member's name. */
  nameBegin: number;
  nameEnd: number;
}

interface ShownText {
  readonly composed: string;
  /** The containers of the string, until the next string is read; null for the key. */
  readonly levels: readonly Level[] | null;
}

function nameOf({ isArray, index, nameBegin, nameEnd }: Level, value: string): string {
  return isArray ? String(index) : decodeString(value.slice(nameBegin, nameEnd));
}

/**
 * Returns the searched texts of an entry, composed: its key, then the strings of its value in order, until they reach
 * `maxSearchedUnits`. Returns null between two steps.
 */
function* shownTexts({ key, value }: Pick<Entry, "key" | "value">): Generator<ShownText | null> {
  yield { composed: compose(key), levels: null };
  const levels: Level[] = [];
  let leftUnits = maxSearchedUnits;
  let until = stepUnits;
  for (let at = 0; at < value.length && leftUnits > 0;) {
    if (at >= until) {
      yield null;
      until = at + stepUnits;
    }
    const level = levels[levels.length - 1];
    switch (value.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        levels.push({ isArray: value[at] === "[", index: 0, nameBegin: 0, nameEnd: 0 });
        at++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        levels.pop();
        at++;
        break;
      case 0x2c: // ,
        if (level) level.index++;
        at++;
        break;
      case 0x22: {
        const end = endOfString(value, at);
        if (level && value[end] === ":") {
          level.nameBegin = at;
          level.nameEnd = end;
        } else {
          const composed = yield* composedBegin(value, at, end, leftUnits);
          const shown = withoutHalves(composed.slice(0, leftUnits));
          leftUnits -= Math.min(leftUnits, composed.length);
          if (shown !== "") yield { composed: shown, levels };
        }
        at = end;
        break;
      }
      default:
        at++;
    }
  }
}

/** Removes the half of a surrogate pair that a cut left at either end. */
function withoutHalves(cut: string): string {
  return cut.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
}
