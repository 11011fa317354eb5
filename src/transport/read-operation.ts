import type { GraphQLInputType, GraphQLSchema } from "graphql";
import { badUserInput, BatonError, limitExceeded } from "../errors.ts";
import { nobody } from "../event-loop.ts";
import { JsonError, shownPath, type JsonPath } from "../json/json-error.ts";
import { JsonText, parseOrdinary } from "../json/json-text.ts";
import { JsonScanner, maxMembersInRequest, type HalfPairs } from "../json/json-scanner.ts";
import {
  decodeLongString,
  endOfLongValue,
  stepUnits,
  type Steps,
} from "../json/long-value-parts.ts";
import { countUpTo, decodeString, isDeeperThan } from "../json/value-parts.ts";
import { maxMembers, problemWithin, readEnvelope, type Envelope } from "./envelope.ts";
import {
  endOf,
  maxObjects,
  objectCount,
  readExactValue,
  readPlainValue,
  stepUnitsOfItems,
} from "./exact-value.ts";
import { inFewSteps } from "../in-steps.ts";
import { sentTexts, type SentVariables } from "./sent-variables.ts";
import { isJsonType, typesOfVariables, typeWithin, type VariableTypes } from "./variable-types.ts";

/** The operation of a request. Variables of type JSON are a `JsonText`, or a plain value that is as exact. */
export interface Operation {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: SentVariables | null;
  readonly extensions: Readonly<Record<string, unknown>> | null;
}

/** The limits that are checked while an operation is read. */
export interface ReadLimits {
  readonly maxValueDepth: number;
  readonly maxQueryBytes: number;
}

/** The length in UTF-16 units up to which a text can be parsed by JavaScript, which has no steps. */
const maxWholeUnits = 256 * 1024;
/** JavaScript compares each object that it writes with all that contain it. */
const maxWholeDepth = 100;

/**
 * Parses a text with JavaScript if nothing is lost, and if that takes little time.
 * @returns null if the text must be read exactly, in steps
 */
export function parseShort(text: string): { readonly value: unknown } | null {
  if (text.length > maxWholeUnits || isDeeperThan(text, maxWholeDepth)) return null;
  // More objects than variables can have are refused by the exact reading.
  if (text.length > 2 * maxObjects && countUpTo(text, "{", maxObjects + 1) > maxObjects)
    return null;
  const ordinary = parseOrdinary(text);
  return ordinary && text.length > maxMembers && hasManyMembers(ordinary.value) ? null : ordinary;
}

/** Whether the object of a request, or its payload, has too many members. The exact reading refuses it. */
function hasManyMembers(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Object.keys(value).length > maxMembers) return true;
  return "payload" in value && hasManyMembers(value.payload);
}

/**
 * Reads an operation from its text, such as the body of a request: an object with `query` and, optionally,
 * `operationName`, `variables` and `extensions`. Other members are ignored.
 *
 * 1. If the text is exactly the text that JavaScript writes for its value, JavaScript parses it, and nothing is lost.
 * 2. Any other text, and any long or deep text, is read exactly: each member is checked, and kept without its whitespace.
 * 3. `query` declares the types of the variables. Each part of type JSON becomes a `JsonText`; all others are plain
 *    values.
 *
 * The exact reading has steps of a few milliseconds. The result is a promise if other work runs between them.
 * @param who the user that the operation is read for, or `nobody`
 * @throws BAD_USER_INPUT if the text is not an operation, or cannot be kept as it was sent; LIMIT_EXCEEDED if it is
 * nested too deep, or has too many members
 */
export function readOperation(
  text: string,
  schema: GraphQLSchema,
  limits: ReadLimits,
  who: string = nobody,
): Operation | Promise<Operation> {
  const ordinary = parseShort(text);
  return ordinary ? operationOf(ordinary.value) : inFewSteps(readBody(text, schema, limits), who);
}

function* readBody(text: string, schema: GraphQLSchema, limits: ReadLimits): Steps<Operation> {
  try {
    const envelope = yield* readEnvelope(text);
    if (envelope === null) throw notAnOperation();
    return yield* operationIn(envelope, schema, limits);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new BatonError("BAD_USER_INPUT", `The request's body: ${error.message}`);
  }
}

/**
 * Reads the operation of an envelope.
 * @throws the same errors as `readOperation`
 */
export function* operationIn(
  { members, problems }: Envelope,
  schema: GraphQLSchema,
  limits: ReadLimits,
): Steps<Operation> {
  const queryText = members.get("query");
  const query = queryText?.startsWith('"') ? yield* decodeLongString(queryText) : null;
  const operationName = (yield* readOptional(members, "operationName", '"')) as string | null;
  // A longer query is refused later, before its execution.
  const types: VariableTypes =
    query === null || query.length > limits.maxQueryBytes
      ? new Map()
      : typesOfVariables(schema, query, operationName);
  for (const first of problems.values()) {
    // Only the first error of a member is recorded.
    const problem = isHarmless(first, types) ? yield* harmfulProblem(members, first, types) : first;
    if (problem) throw refusalOf(problem, types, limits);
  }
  if (query === null) throw notAnOperation();
  const mayHoldHalves = problems.has("variables");
  return {
    query,
    operationName,
    variables: yield* readVariables(members.get("variables"), types, mayHoldHalves),
    extensions: (yield* readOptional(members, "extensions", "{")) as Operation["extensions"],
  };
}

/** Whether the error is in a string of another type than JSON. Such strings are checked where they are used. */
function isHarmless({ path, isHalfPair }: JsonError, types: VariableTypes): boolean {
  return isHalfPair && !argumentAt(path, types).isJson;
}

/** Finds the first error in the variables that is not harmless. */
function* harmfulProblem(
  members: Envelope["members"],
  { path: [member] }: JsonError,
  types: VariableTypes,
): Steps<JsonError | null> {
  const text = members.get("variables");
  if (member !== "variables" || text === undefined) return null;
  const scanner = new JsonScanner(text, 0, {
    halfPairs: halfPairsOf(types),
    maxMembers: maxMembersInRequest,
  });
  while (!scanner.run(scanner.at + stepUnits)) yield;
  return scanner.problem && problemWithin("variables", scanner.problem);
}

/** Like `isHarmless`, for places in the variables. A place is a type, or the types of all variables. */
function halfPairsOf(
  types: VariableTypes,
): HalfPairs<GraphQLInputType | VariableTypes | undefined> {
  return {
    top: types,
    within: (place, member) => {
      if (place instanceof Map) return types.get(String(member));
      const type = place as GraphQLInputType | undefined;
      return isJsonType(type) ? type : typeWithin(type, member);
    },
    isHarmless: (place) => place instanceof Map || !isJsonType(place as GraphQLInputType),
  };
}

function notAnOperation(): BatonError {
  return new BatonError(
    "BAD_USER_INPUT",
    'The request\'s body must be an object such as {"query": "{ viewer { user } }", "variables": {}}.',
    { argument: "query" },
  );
}

function operationOf(value: unknown): Operation {
  if (typeof value !== "object" || value === null) throw notAnOperation();
  const { query, operationName, variables, extensions } = value as Record<string, unknown>;
  if (typeof query !== "string") throw notAnOperation();
  if (operationName != null && typeof operationName !== "string") throw wrong("operationName");
  return {
    query,
    operationName: operationName ?? null,
    variables: objectOf("variables", variables),
    extensions: objectOf("extensions", extensions),
  };
}

function objectOf(name: string, value: unknown): Record<string, unknown> | null {
  if (value == null) return null;
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(name);
  return value as Record<string, unknown>;
}

function wrong(name: string): BatonError {
  return badUserInput(name, name === "operationName" ? "Must be a string." : "Must be an object.");
}

function* readOptional(members: Envelope["members"], name: string, first: string): Steps<unknown> {
  const text = members.get(name);
  if (text === undefined || text === "null") return null;
  if (!text.startsWith(first)) throw wrong(name);
  return (yield* readPlainValue(text, 0)).value;
}

/** @param mayHoldHalves whether a string of another type than JSON can contain half of a surrogate pair */
function* readVariables(
  text: string | undefined,
  types: VariableTypes,
  mayHoldHalves: boolean,
): Steps<SentVariables | null> {
  if (text === undefined || text === "null") return null;
  if (!text.startsWith("{")) throw wrong("variables");
  const texts = new Map<string, JsonText | JsonError>();
  const variables = Object.create(null) as Record<string, unknown> & SentVariables;
  const count = objectCount();
  let at = 1;
  let pauseAt = at + stepUnitsOfItems;
  while (text[at] !== "}") {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + stepUnitsOfItems;
    }
    if (text[at] === ",") at++;
    const nameEnd = yield* endOf(text, at);
    // No document declares such a long name, or an empty one.
    const name = nameEnd - at > stepUnits ? "" : decodeString(text.slice(at, nameEnd));
    const type = types.get(name);
    if (type === undefined) {
      // The operation does not declare it, so it is not kept.
      at = yield* endOfLongValue(text, nameEnd + 1);
      continue;
    }
    const { value, end } = yield* readExactValue(text, nameEnd + 1, type, count);
    variables[name] = value;
    if (value !== null && !(value instanceof JsonText)) {
      const sent = text.slice(nameEnd + 1, end);
      texts.set(name, (mayHoldHalves ? yield* problemOf(sent) : null) ?? new JsonText(sent));
    }
    at = end;
  }
  return Object.defineProperty(variables, sentTexts, { value: texts });
}

function* problemOf(text: string): Steps<JsonError | null> {
  const scanner = new JsonScanner(text, 0, { maxMembers: maxMembersInRequest });
  while (!scanner.run(scanner.at + stepUnits)) yield;
  return scanner.problem;
}

function refusalOf(
  { path, reason, isTooDeep }: JsonError,
  types: VariableTypes,
  { maxValueDepth }: ReadLimits,
): BatonError {
  const { argument, inside, isJson } = argumentAt(path, types);
  if (isTooDeep && isJson) {
    return limitExceeded(
      "maxValueDepth",
      maxValueDepth,
      `JSON can be nested at most ${maxValueDepth} levels deep; this is deeper.`,
      argument,
    );
  }
  return badUserInput(
    argument,
    inside.length === 0 ? reason : `At ${shownPath(inside)}: ${reason}`,
  );
}

/** The argument that a place in a request belongs to, and the place in that argument's own JSON. */
function argumentAt(
  [member = "", variable, ...path]: JsonPath,
  types: VariableTypes,
): { readonly argument: string; readonly inside: JsonPath; readonly isJson: boolean } {
  if (member !== "variables" || variable === undefined) {
    return { argument: String(member), inside: [], isJson: false };
  }
  const argument = [variable];
  let type: GraphQLInputType | undefined = types.get(String(variable));
  for (const [index, step] of path.entries()) {
    if (type === undefined || isJsonType(type)) {
      const inside = path.slice(index);
      return { argument: argument.join("."), inside, isJson: type !== undefined };
    }
    argument.push(step);
    type = typeWithin(type, step);
  }
  return { argument: argument.join("."), inside: [], isJson: isJsonType(type) };
}
