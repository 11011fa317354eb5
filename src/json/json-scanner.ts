import { halfPair, JsonError, shown, unexpected } from "./json-error.ts";
import { afterWhitespace, endOfNumber, isHigh, isLow, isWhitespace } from "./json-characters.ts";

/** An object or array that is open at the scanner's place. */
interface Level {
  readonly isArray: boolean;
  /** Names of the members so far, in an array while they are few. */
  names: string[] | Set<string>;
  /** The member that is being read. */
  name: string;
  /** The item that is being read. */
  index: number;
}

/**
 * Decides in which strings lone surrogates are ignored. A place is what the decision needs to know about a value. The place
 * of an object or array is found once, however many strings it contains.
 */
export interface HalfPairs<Place> {
  /** The place of the whole value. */
  readonly top: Place;
  /** The place of a member or an item. */
  readonly within: (place: Place, member: string | number) => Place;
  readonly isHarmless: (place: Place) => boolean;
}

/** How the scanner of a request differs from that of another text. */
export interface ScanOptions<Place> {
  /** Null: no lone surrogates are ignored. */
  readonly halfPairs?: HalfPairs<Place> | null;
  /** The largest number of members of one object. More are a problem. Default: any number */
  readonly maxMembers?: number;
}

/**
 * The largest number of members of one object in a request. To find duplicates, their names are kept in a set, and a larger
 * set takes too long to grow. A value of 1 MiB has fewer members.
 */
export const maxMembersInRequest = 200_000;

/** More names than this are kept as a set. */
const maxListedNames = 8;
/** A string is long from here on, in UTF-16 units. */
const minLongUnits = 64;
/** A quote, a backslash, a control character or half of a pair. All other characters of a string stand for themselves. */
const special = /[^ !#-[\]-\ud7ff\ue000-\uffff]/g;
const maxPieces = 4_096;
/** Deeper texts are refused. Every limit on the depth of a value is far lower. */
const maxDepth = 10_000;

/** What the scanner expects next. */
const expectValue = 0;
const expectFirstItem = 1;
const expectFirstName = 2;
const expectName = 3;
const expectColon = 4;
const expectEndOfItem = 5;
const inString = 6;
const atEnd = 7;

/**
 * Reads one JSON value of a text exactly, without recursion, and in steps, so that a long text does not block the event
 * loop.
 *
 * - `run(until)` reads to about that place, and returns whether the value is complete.
 * - A text that is not JSON throws a `JsonError`.
 * - The first duplicate member, lone surrogate or object with too many members is recorded in `problem`, and the scan
 *   continues, because the path of its place is known only after the rest.
 * - `compact()` returns the value without insignificant whitespace, and otherwise unchanged.
 */
export class JsonScanner<Place = null> {
  /** The first duplicate member, lone surrogate or object with too many members. */
  problem: JsonError | null = null;
  /** The position of the scan. After the scan, it is the end of the value. */
  at: number;
  /** Whether whitespace was found outside of strings. */
  hasWhitespace = false;
  readonly #text: string;
  readonly #halfPairs: HalfPairs<Place> | null;
  readonly #maxMembers: number;
  readonly #levels: Level[] = [];
  /** The places of the outermost levels, as far as they were needed. A level's place is the same while it is open. */
  readonly #places: Place[] = [];
  /** The texts between whitespace since the last part. */
  readonly #pieces: string[] = [];
  /** Parts of the result. Each was joined from many pieces. */
  readonly #parts: string[] = [];
  #pieceBegin: number;
  #state = expectValue;
  #stringBegin = 0;
  #isName = false;
  #hasEscape = false;
  /** The decoded beginning of a long name with escapes. Decoding all of it takes too long for one step. */
  #nameBegin = "";
  /** Whether a lone surrogate was found in the current string. */
  #hasHalf = false;

  constructor(
    text: string,
    at = 0,
    { halfPairs = null, maxMembers = Infinity }: ScanOptions<Place> = {},
  ) {
    this.#halfPairs = halfPairs;
    this.#maxMembers = maxMembers;
    this.#text = text;
    this.at = afterWhitespace(text, at);
    this.#pieceBegin = this.at;
  }

  /** @throws JsonError if the text is not JSON */
  run(until = Infinity): boolean {
    while (this.#state !== atEnd) {
      if (this.at >= until) return false;
      if (this.#state === inString) this.#readString(until);
      else this.#step();
    }
    return true;
  }

  /** The value that was read, without whitespace outside of strings. */
  compact(): string {
    const last = this.#text.slice(this.#pieceBegin, this.at);
    return this.hasWhitespace ? [...this.#parts, ...this.#pieces, last].join("") : last;
  }

  /**
   * Skips whitespace after the value.
   * @throws JsonError unless the text ends there
   */
  requireEnd(): void {
    const at = afterWhitespace(this.#text, this.at);
    if (at < this.#text.length) throw unexpected(this.#text, at, "the end");
  }

  #step(): void {
    const code = this.#text.charCodeAt(this.at);
    if (isWhitespace(code)) {
      this.#skipWhitespace();
      return;
    }
    switch (this.#state) {
      case expectFirstItem:
        if (code === 0x5d) return this.#close();
        this.#state = expectValue;
        return this.#beginValue(code);
      case expectValue:
        return this.#beginValue(code);
      case expectFirstName:
        if (code === 0x7d) return this.#close();
        return this.#beginName(code);
      case expectName:
        return this.#beginName(code);
      case expectColon:
        if (code !== 0x3a) throw unexpected(this.#text, this.at, "a colon");
        this.at++;
        this.#state = expectValue;
        return;
      default:
        return this.#endItem(code);
    }
  }

  #beginValue(code: number): void {
    switch (code) {
      case 0x22:
        return this.#beginString(false);
      case 0x7b:
        return this.#open(false);
      case 0x5b:
        return this.#open(true);
      case 0x74:
        return this.#readWord("true");
      case 0x66:
        return this.#readWord("false");
      case 0x6e:
        return this.#readWord("null");
      default:
        return this.#readNumber();
    }
  }

  #beginName(code: number): void {
    if (code !== 0x22) throw unexpected(this.#text, this.at, "a member's name in double quotes");
    this.#beginString(true);
  }

  #open(isArray: boolean): void {
    if (this.#levels.length === maxDepth) {
      throw new JsonError(`It is nested more than ${maxDepth} deep.`, this.#path(), {
        isTooDeep: true,
      });
    }
    this.#levels.push({ isArray, names: [], name: "", index: 0 });
    this.at++;
    this.#state = isArray ? expectFirstItem : expectFirstName;
  }

  #close(): void {
    this.#levels.pop();
    if (this.#places.length > this.#levels.length) this.#places.pop();
    this.at++;
    this.#endValue();
  }

  #endValue(): void {
    this.#state = this.#levels.length === 0 ? atEnd : expectEndOfItem;
  }

  #endItem(code: number): void {
    const level = this.#levels[this.#levels.length - 1] as Level;
    if (code === 0x2c) {
      this.at++;
      level.index++;
      this.#state = level.isArray ? expectValue : expectName;
    } else if (code === (level.isArray ? 0x5d : 0x7d)) this.#close();
    else throw unexpected(this.#text, this.at, level.isArray ? "a comma or ]" : "a comma or }");
  }

  #skipWhitespace(): void {
    const begin = this.at;
    this.at = afterWhitespace(this.#text, begin);
    if (this.at === begin) return;
    this.hasWhitespace = true;
    if (begin > this.#pieceBegin) this.#pieces.push(this.#text.slice(this.#pieceBegin, begin));
    this.#pieceBegin = this.at;
    if (this.#pieces.length < maxPieces) return;
    // A piece takes more memory than its few characters.
    this.#parts.push(this.#pieces.join(""));
    this.#pieces.length = 0;
  }

  #readWord(word: string): void {
    if (!this.#text.startsWith(word, this.at)) throw unexpected(this.#text, this.at, "a value");
    this.at += word.length;
    this.#endValue();
  }

  #readNumber(): void {
    this.at = endOfNumber(this.#text, this.at);
    this.#endValue();
  }

  #beginString(isName: boolean): void {
    this.at++;
    this.#stringBegin = this.at;
    this.#isName = isName;
    this.#hasEscape = false;
    this.#nameBegin = "";
    this.#hasHalf = false;
    this.#state = inString;
    this.#readString(this.at + 1_024);
  }

  /** Continues in a string, to its end or to about `until`. */
  #readString(until: number): void {
    const text = this.#text;
    let { at } = this;
    const longAfter = at + minLongUnits;
    while (at < until) {
      if (at >= longAfter) {
        at = this.#skipPlain(at, until);
        if (at >= until) break;
      }
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.at = at + 1;
        return this.#endString(at);
      }
      if (code === 0x5c) {
        this.#hasEscape = true;
        at = this.#readEscape(at);
      } else if (code < 0x20) throw unexpected(this.#text, at, "no control character in a string");
      else if (code < 0xd800 || code > 0xdfff) at++;
      else if (isHigh(code) && isLow(text.charCodeAt(at + 1))) at += 2;
      // After the end, a character's code is NaN, and every comparison with NaN is false.
      else if (at >= text.length) throw unexpected(this.#text, at, "the end of a string");
      else {
        this.#noteHalf();
        at++;
      }
    }
    this.at = at;
    if (!this.#isName || !this.#hasEscape) return;
    this.#nameBegin += decoded(text.slice(this.#stringBegin, at));
    this.#stringBegin = at;
  }

  /** Skips ordinary characters of a long string, about four times as fast as one by one. */
  #skipPlain(at: number, until: number): number {
    const part = until < this.#text.length ? this.#text.slice(0, until) : this.#text;
    special.lastIndex = at;
    return special.exec(part)?.index ?? part.length;
  }

  /** @returns the end of the escape, or of the pair of escapes, that begins at `begin` */
  #readEscape(begin: number): number {
    const text = this.#text;
    const kind = text[begin + 1] ?? "";
    if (kind !== "u") {
      if (kind === "" || !'"\\/bfnrt'.includes(kind)) {
        throw unexpected(this.#text, begin, "a valid escape");
      }
      return begin + 2;
    }
    const code = this.#hexAt(begin);
    if (code < 0xd800 || code > 0xdfff) return begin + 6;
    const isPair =
      isHigh(code) && text.startsWith("\\u", begin + 6) && isLow(this.#hexAt(begin + 6));
    if (isPair) return begin + 12;
    this.#noteHalf();
    return begin + 6;
  }

  #hexAt(begin: number): number {
    const digits = this.#text.slice(begin + 2, begin + 6);
    if (!/^[\da-fA-F]{4}$/.test(digits))
      throw unexpected(this.#text, begin, "four hexadecimal digits");
    return Number.parseInt(digits, 16);
  }

  #endString(end: number): void {
    if (!this.#isName) return this.#endValue();
    const raw = this.#text.slice(this.#stringBegin, end);
    const name = this.#hasEscape ? this.#nameBegin + decoded(raw) : raw;
    const level = this.#levels[this.#levels.length - 1] as Level;
    const { names } = level;
    level.name = name;
    if (Array.isArray(names) ? names.includes(name) : names.has(name)) {
      // A text can have millions of problems, and an error costs microseconds.
      this.problem ??= new JsonError(
        `The member ${shown(name)} appears more than once.`,
        this.#path(),
      );
    } else if (!Array.isArray(names)) this.#addName(names, name);
    else if (names.length < maxListedNames) names.push(name);
    else level.names = new Set([...names, name]);
    this.#state = expectColon;
  }

  #addName(names: Set<string>, name: string): void {
    if (names.size < this.#maxMembers) {
      names.add(name);
      return;
    }
    const most = this.#maxMembers.toLocaleString("en");
    this.problem ??= new JsonError(
      `An object has more than ${most} members.`,
      this.#path().slice(0, -1),
    );
  }

  #noteHalf(): void {
    if (this.problem || this.#hasHalf) return;
    this.#hasHalf = true;
    const rule = this.#halfPairs;
    if (!rule?.isHarmless(this.#placeOfString(rule))) this.problem = halfPair(this.#path());
  }

  #placeOfString({ top, within }: HalfPairs<Place>): Place {
    const levels = this.#levels;
    const places = this.#places;
    const placeAt = (depth: number): Place =>
      depth === 0 ? top : within(places[depth - 1] as Place, memberOf(levels[depth - 1] as Level));
    while (places.length < levels.length) places.push(placeAt(places.length));
    return placeAt(levels.length);
  }

  #path(): (string | number)[] {
    return this.#levels.map(memberOf);
  }
}

/** @param raw characters of a string, whose escapes are complete */
function decoded(raw: string): string {
  return JSON.parse(`"${raw}"`) as string;
}

function memberOf({ isArray, index, name }: Level): string | number {
  return isArray ? index : name;
}
