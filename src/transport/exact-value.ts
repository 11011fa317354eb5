import {
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isScalarType,
  isSpecifiedScalarType,
  type GraphQLInputType,
} from "graphql";
import { limitExceeded } from "../errors.ts";
import { JsonText } from "../json/json-text.ts";
import {
  decodeLongString,
  endOfLongValue,
  extentOfLongValue,
  stepUnits,
  type Steps,
} from "../json/long-value-parts.ts";
import { decodeString, endOfValue } from "../json/value-parts.ts";
import { isJsonType, typeWithin } from "./variable-types.ts";

/** The largest number of items in a list: many more than a list of keys can have. */
const maxItems = 100_000;
/**
 * The largest number of objects in the variables of one operation: enough for the largest batch. Their types are checked
 * in one turn of the event loop, and each takes a few microseconds.
 */
export const maxObjects = 6_000;
/** How much of a list or an object one step reads, in UTF-16 units. Each item and each member takes longer than its length. */
export const stepUnitsOfItems = stepUnits / 8;
/** How many unknown members of an object are kept. The errors name them, and others add nothing. */
const maxUnknown = 50;
/** Longer than every enum value, revision and time. */
const maxShortText = 1_000;

/** How many objects the variables of one operation can still contain. */
export interface ObjectCount {
  left: number;
}

export const objectCount = (): ObjectCount => ({ left: maxObjects });

/** A value, and the end of its text. */
interface Read {
  readonly value: unknown;
  readonly end: number;
}

/**
 * Reads the value of a variable: each part of type JSON as its exact text, all other parts as plain values.
 * @param text valid JSON without whitespace
 * @throws LIMIT_EXCEEDED if it has too many objects, or too many items in a list
 */
export function* readExactValue(
  text: string,
  at: number,
  type: GraphQLInputType | undefined,
  count: ObjectCount,
): Steps<Read> {
  const first = text[at];
  if (isJsonType(type) && first !== "n") {
    return yield* readJson(text, at);
  }
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const item = nullable.ofType as GraphQLInputType;
    // GraphQL accepts a single item instead of a list.
    return first === "["
      ? yield* readItems(text, at, item, count)
      : yield* readExactValue(text, at, item, count);
  }
  if (first === "{" && isInputObjectType(nullable)) {
    return yield* readMembers(text, at, nullable, count);
  }
  return first === '"' && isShort(nullable)
    ? yield* readShortText(text, at)
    : yield* readPlainValue(text, at);
}

/** Reads a value as its text. The depth of a long one is found on the way: later, it would take one long turn. */
function* readJson(text: string, at: number): Steps<Read> {
  if (text.length - at <= stepUnits) {
    const end = endOfValue(text, at);
    return { value: new JsonText(text.slice(at, end)), end };
  }
  const { end, depth } = yield* extentOfLongValue(text, at);
  return { value: new JsonText(text.slice(at, end), depth), end };
}

/** Whether every valid text of a type is short. */
function isShort(type: unknown): boolean {
  return isEnumType(type) || (isScalarType(type) && !isSpecifiedScalarType(type));
}

/** Reads a text, and cuts it if it is too long. It is refused then, and the error would repeat all of it. */
function* readShortText(text: string, at: number): Steps<Read> {
  const end = yield* endOf(text, at);
  return { value: shortText(text, at, end), end };
}

function* readItems(
  text: string,
  at: number,
  type: GraphQLInputType,
  count: ObjectCount,
): Steps<Read> {
  const items: unknown[] = [];
  let place = at + 1;
  let pauseAt = place + stepUnitsOfItems;
  while (text[place] !== "]") {
    if (text[place] === ",") place++;
    const { value, end } = yield* readExactValue(text, place, type, count);
    items.push(value);
    if (items.length > maxItems) {
      throw limitExceeded(
        "maxListItems",
        maxItems,
        `A list in the variables can have at most ${maxItems} items. Send several requests.`,
        "variables",
      );
    }
    place = end;
    if (place < pauseAt) continue;
    yield;
    pauseAt = place + stepUnitsOfItems;
  }
  return { value: items, end: place + 1 };
}

function* readMembers(
  text: string,
  at: number,
  type: GraphQLInputType,
  count: ObjectCount,
): Steps<Read> {
  if (--count.left < 0) {
    throw limitExceeded(
      "maxObjects",
      maxObjects,
      `The variables can have at most ${maxObjects} objects that are not part of a value. Send several requests.`,
      "variables",
    );
  }
  // Without a prototype, because a member can be named `__proto__`.
  const members = Object.create(null) as Record<string, unknown>;
  let unknown = 0;
  let place = at + 1;
  let pauseAt = place + stepUnitsOfItems;
  while (text[place] !== "}") {
    if (place >= pauseAt) {
      yield;
      pauseAt = place + stepUnitsOfItems;
    }
    if (text[place] === ",") place++;
    const nameEnd = yield* endOf(text, place);
    // A long name is unknown.
    const name = shortText(text, place, nameEnd);
    const memberType = typeWithin(type, name);
    if (memberType === undefined && ++unknown > maxUnknown) {
      place = yield* endOf(text, nameEnd + 1);
      continue;
    }
    const { value, end } = yield* readExactValue(text, nameEnd + 1, memberType, count);
    members[name] = value;
    place = end;
  }
  return { value: members, end: place + 1 };
}

/** The characters of a string, cut if it is too long. */
function shortText(text: string, at: number, end: number): string {
  const isLong = end - at > maxShortText;
  return isLong ? `${text.slice(at + 1, at + 100)}…` : decodeString(text.slice(at, end));
}

/**
 * Reads a value of a type other than JSON. A large array or object becomes an empty one, and a long number NaN: no
 * type accepts it, so it is refused or not used.
 */
export function* readPlainValue(text: string, at: number): Steps<Read> {
  const end = yield* endOf(text, at);
  if (end - at <= stepUnits) return { value: JSON.parse(text.slice(at, end)) as unknown, end };
  yield;
  switch (text[at]) {
    case '"':
      return { value: yield* decodeLongString(text.slice(at, end)), end };
    case "[":
      return { value: [], end };
    case "{":
      return { value: {}, end };
    default:
      return { value: Number.NaN, end };
  }
}

/** The end of the value, or of the name, that begins at `at`. */
export function* endOf(text: string, at: number): Steps<number> {
  return text.length - at <= stepUnits ? endOfValue(text, at) : yield* endOfLongValue(text, at);
}
