// Finds the parts of a value in its text. The text must be that of a `JsonText`: valid, and without whitespace.

/** Returns the end of the value that begins at `at`. */
export function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === 0x22) return endOfString(text, at);
  if (first !== 0x7b && first !== 0x5b) return endOfWord(text, at);
  let depth = 0;
  for (let place = at; ;) {
    const code = text.charCodeAt(place);
    if (code === 0x22) place = endOfString(text, place);
    else {
      place++;
      if (code === 0x7b || code === 0x5b) depth++;
      else if ((code === 0x7d || code === 0x5d) && --depth === 0) return place;
    }
  }
}

/** Returns the end of the string whose opening quote is at `at`. */
export function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

/** Whether a backslash escapes the character at `at`. */
function isEscaped(text: string, at: number): boolean {
  let begin = at;
  while (text.charCodeAt(begin - 1) === 0x5c) begin--;
  return (at - begin) % 2 === 1;
}

/** A word is long from here on, in UTF-16 units. */
const minLongUnits = 64;
const endOfItem = /[,}\]]/g;

/**
 * The place of the first such character from `at` on, or the end of the text. For a long text, this is several times as fast
 * as looking at each character.
 */
export function firstOf(characters: RegExp, text: string, at: number): number {
  characters.lastIndex = at;
  return characters.test(text) ? characters.lastIndex - 1 : text.length;
}

/** Returns the end of a number, or of true, false or null. */
function endOfWord(text: string, at: number): number {
  const longAfter = at + minLongUnits;
  for (let end = at; ; end++) {
    if (end === longAfter) return firstOf(endOfItem, text, end);
    const code = text.charCodeAt(end);
    // After the end of the text, it is NaN.
    if (code === 0x2c || code === 0x7d || code === 0x5d || Number.isNaN(code)) return end;
  }
}

/** A member of an object, by its positions in the object's text. */
export interface Member {
  readonly name: string;
  /** The text of the name, with its quotes. */
  readonly nameText: string;
  readonly begin: number;
  readonly end: number;
}

/** Returns the members of the object that begins at `at`, in their order. */
export function* membersAt(text: string, at: number): Generator<Member, void> {
  if (text[at + 1] === "}") return;
  for (let place = at + 1; ;) {
    const nameEnd = endOfString(text, place);
    const nameText = text.slice(place, nameEnd);
    const begin = nameEnd + 1;
    const end = endOfValue(text, begin);
    yield { name: decodeString(nameText), nameText, begin, end };
    if (text[end] !== ",") return;
    place = end + 1;
  }
}

/**
 * Returns the start of the value of a member of the object that begins at `at`. Unlike `membersAt`, it creates nothing for
 * the other members.
 * @returns null if the object has no member with this name
 */
export function memberBegin(text: string, at: number, name: string): number | null {
  if (text[at + 1] === "}") return null;
  for (let place = at + 1; ;) {
    const begin = endOfString(text, place) + 1;
    if (isName(text, place + 1, begin - 2, name)) return begin;
    const end = endOfValue(text, begin);
    if (text[end] !== ",") return null;
    place = end + 1;
  }
}

/** Whether the string with these characters, which can contain escapes, is `name`. */
function isName(text: string, begin: number, end: number, name: string): boolean {
  if (end - begin < name.length) return false; // an escape is longer than its character
  if (end - begin === name.length && !name.includes("\\")) return text.startsWith(name, begin);
  const nameText = text.slice(begin - 1, end + 1);
  return nameText.includes("\\") && decodeString(nameText) === name;
}

/**
 * Returns the start of an item of the array that begins at `at`.
 * @returns null if the array has no such item
 */
export function itemBegin(text: string, at: number, index: number): number | null {
  if (text[at + 1] === "]") return null;
  let place = at + 1;
  for (let count = 0; count < index; count++) {
    const end = endOfValue(text, place);
    if (text[end] !== ",") return null;
    place = end + 1;
  }
  return place;
}

/** Returns the starts of the items of the array that begins at `at`. */
export function itemBegins(text: string, at: number): number[] {
  const begins: number[] = [];
  if (text[at + 1] === "]") return begins;
  for (let place = at + 1; ;) {
    begins.push(place);
    const end = endOfValue(text, place);
    if (text[end] !== ",") return begins;
    place = end + 1;
  }
}

/** Returns the characters of a string from its text. */
export function decodeString(text: string): string {
  return text.includes("\\") ? (JSON.parse(text) as string) : text.slice(1, -1);
}

/** Returns the nesting depth of a value: 0 for a string, number, boolean or null, 1 for an array of those. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let place = 0; place < text.length;) {
    const code = text.charCodeAt(place);
    if (code === 0x22) {
      place = endOfString(text, place);
      continue;
    }
    place++;
    if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}

/** Whether a value is nested deeper. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  return canBeDeeperThan(text, maxDepth) && depthOf(text) > maxDepth;
}

/** Decides most values quickly: they are short or have few brackets, so they are not nested deeper. */
export function canBeDeeperThan(text: string, maxDepth: number): boolean {
  // Each level needs two brackets.
  if (text.length <= 2 * maxDepth) return false;
  const left = maxDepth - countUpTo(text, "{", maxDepth + 1);
  return left < 0 || countUpTo(text, "[", left + 1) > left;
}

/** Counts a character, and stops at `most`. `indexOf` is far faster than a pattern. */
export function countUpTo(text: string, character: string, most: number): number {
  let count = 0;
  for (let at = -1; count < most; count++) {
    at = text.indexOf(character, at + 1);
    if (at === -1) break;
  }
  return count;
}

/** Returns the type of a value, for a message. */
export function kindOfText(text: string): string {
  switch (text[0]) {
    case "{":
      return "an object";
    case "[":
      return "an array";
    case '"':
      return "a string";
    case "n":
      return "null";
    case "t":
    case "f":
      return "a boolean";
    default:
      return "a number";
  }
}
