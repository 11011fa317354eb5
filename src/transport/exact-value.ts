import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  type GraphQLInputType,
} from "graphql";
import { JsonText } from "../json/json-text.ts";
import {
  decodeLongString,
  endOfLongValue,
  stepUnits,
  type Steps,
} from "../json/long-value-parts.ts";
import { decodeString, endOfString, endOfValue } from "../json/value-parts.ts";
import { isJsonType, typeWithin } from "./variable-types.ts";

/** A value, and where its text ends. */
interface Read {
  readonly value: unknown;
  readonly end: number;
}

/**
 * Reads a variable's value: each part of type JSON as its exact text, all else as plain values.
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
  if (first === "[" && isListType(nullable)) {
    return yield* readItems(text, at, nullable.ofType as GraphQLInputType);
  }
  if (first === "{" && holdsMembers(type)) return yield* readMembers(text, at, type);
  return yield* readPlainValue(text, at);
}

/** Whether it is an input object, or a list that a single one may stand for. */
function holdsMembers(type: GraphQLInputType | undefined): type is GraphQLInputType {
  return isInputObjectType(getNamedType(type));
}

function* readItems(text: string, at: number, type: GraphQLInputType): Steps<Read> {
  const items: unknown[] = [];
  let place = at + 1;
  let pauseAt = place + stepUnits;
  while (text[place] !== "]") {
    if (text[place] === ",") place++;
    // An array where a list is not expected is one item, and `[[1]]` of a list of JSON is the item `[1]`.
    const { value, end } = yield* readExactValue(text, place, type);
    items.push(value);
    place = end;
    if (place < pauseAt) continue;
    yield;
    pauseAt = place + stepUnits;
  }
  return { value: items, end: place + 1 };
}

function* readMembers(text: string, at: number, type: GraphQLInputType): Steps<Read> {
  // Without a prototype, as a member may be named `__proto__`.
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
 * Reads a value that is not JSON to GraphQL. Where it is a large array or object, it is an empty one: no other type
 * takes either, so that it is refused, or not looked at.
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
