import { getNullableType, isInputObjectType, isListType, type GraphQLInputType } from "graphql";
import { limitExceeded } from "../errors.ts";
import { JsonText } from "../json/json-text.ts";
import {
  decodeLongString,
  endOfLongValue,
  stepUnits,
  type Steps,
} from "../json/long-value-parts.ts";
import { decodeString, endOfString, endOfValue } from "../json/value-parts.ts";
import { isJsonType, typeWithin } from "./variable-types.ts";

/** The largest number of items in a list: many more than a batch or a list of keys can have. */
const maxItems = 100_000;

/** A value, and the end of its text. */
interface Read {
  readonly value: unknown;
  readonly end: number;
}

/**
 * Reads the value of a variable: each part of type JSON as its exact text, all other parts as plain values.
 * @param text valid JSON without whitespace
 */
export function* readExactValue(
  text: string,
  at: number,
  type: GraphQLInputType | undefined,
): Steps<Read> {
  const first = text[at];
  if (isJsonType(type) && first !== "n") {
    const end = yield* endOf(text, at);
    return { value: new JsonText(text.slice(at, end)), end };
  }
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const item = nullable.ofType as GraphQLInputType;
    // GraphQL accepts a single item instead of a list.
    return first === "[" ? yield* readItems(text, at, item) : yield* readExactValue(text, at, item);
  }
  if (first === "{" && isInputObjectType(nullable)) return yield* readMembers(text, at, nullable);
  return yield* readPlainValue(text, at);
}

function* readItems(text: string, at: number, type: GraphQLInputType): Steps<Read> {
  const items: unknown[] = [];
  let place = at + 1;
  let pauseAt = place + stepUnits;
  while (text[place] !== "]") {
    if (text[place] === ",") place++;
    const { value, end } = yield* readExactValue(text, place, type);
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
    pauseAt = place + stepUnits;
  }
  return { value: items, end: place + 1 };
}

function* readMembers(text: string, at: number, type: GraphQLInputType): Steps<Read> {
  // Without a prototype, because a member can be named `__proto__`.
  const members = Object.create(null) as Record<string, unknown>;
  let place = at + 1;
  while (text[place] !== "}") {
    if (text[place] === ",") place++;
    const nameEnd = endOfString(text, place);
    const name = decodeString(text.slice(place, nameEnd));
    const { value, end } = yield* readExactValue(text, nameEnd + 1, typeWithin(type, name));
    members[name] = value;
    place = end;
  }
  return { value: members, end: place + 1 };
}

/**
 * Reads a value of a type other than JSON. A large array or object becomes an empty one: no type accepts it, so it is
 * refused or not used.
 */
export function* readPlainValue(text: string, at: number): Steps<Read> {
  const end = yield* endOf(text, at);
  if (end - at <= stepUnits) return { value: JSON.parse(text.slice(at, end)) as unknown, end };
  switch (text[at]) {
    case '"':
      return { value: yield* decodeLongString(text.slice(at, end)), end };
    case "[":
      return { value: [], end };
    case "{":
      return { value: {}, end };
    default:
      return { value: Number(text.slice(at, end)), end };
  }
}

function* endOf(text: string, at: number): Steps<number> {
  return text.length - at <= stepUnits ? endOfValue(text, at) : yield* endOfLongValue(text, at);
}
