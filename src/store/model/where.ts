import { badUserInput, limitExceeded } from "../../errors.ts";
import { compareDecimals, type Decimal } from "../../json/decimal.ts";
import { findParts, partTree, type PartTree } from "../../json/find-parts.ts";
import { parseJsonPointer } from "../../json/json-pointer.ts";
import {
  compareAt,
  decimalAt,
  endOfEqual,
  patternOf,
  type JsonPattern,
} from "../../json/json-pattern.ts";
import type { JsonText } from "../../json/json-text.ts";
import { kindOfText } from "../../json/value-parts.ts";
import { checkPath, checkWhereValue, type Limits } from "./limits.ts";

export const valueOperators = ["EQ", "NE", "GT", "GTE", "LT", "LTE", "EXISTS"] as const;
export type ValueOperator = (typeof valueOperators)[number];

/** A condition on a part of an entry's value. */
export interface WhereInput {
  readonly path?: string | null | undefined;
  readonly op: ValueOperator;
  /** Null for JSON's null; undefined if omitted. */
  readonly value?: JsonText | null | undefined;
}

type Ordered = Extract<JsonPattern, { readonly kind: "number" | "string" }>;
type OrderOperator = "GT" | "GTE" | "LT" | "LTE";

type Comparison =
  | { readonly op: "EQ" | "NE"; readonly pattern: JsonPattern }
  | { readonly op: OrderOperator; readonly pattern: Ordered }
  | { readonly op: "EXISTS"; readonly isThere: boolean };

type Condition = Comparison & {
  /** The index of the path that leads to the part. */
  readonly part: number;
};

/** Conditions on a value, all of which must hold. */
export interface Where {
  readonly conditions: readonly Condition[];
  readonly parts: PartTree;
  /** Identifies the conditions: equal for equal conditions. */
  readonly id: string;
}

/**
 * Reads the conditions of a filter; null if there are none.
 * @throws BAD_USER_INPUT, LIMIT_EXCEEDED
 */
export function readWhere(
  limits: Limits,
  argument: string,
  inputs: readonly WhereInput[] | null | undefined,
): Where | null {
  if (inputs == null || inputs.length === 0) return null;
  const { maxWhereConditions } = limits;
  if (inputs.length > maxWhereConditions) {
    throw limitExceeded(
      "maxWhereConditions",
      maxWhereConditions,
      `A filter can have at most ${maxWhereConditions} conditions; this one has ${inputs.length}.`,
      argument,
    );
  }
  const paths: (readonly string[])[] = [];
  const known = new Map<string, number>();
  const conditions = inputs.map((input, index): Condition => {
    const { path = "" } = input;
    const members = readPath(limits, `${argument}.${index}.path`, path ?? "");
    const part = known.get(path ?? "") ?? paths.push(members) - 1;
    known.set(path ?? "", part);
    return { part, ...readComparison(limits, `${argument}.${index}.value`, input) };
  });
  const id = JSON.stringify(inputs.map(({ path, op, value }) => [path ?? "", op, textOf(value)]));
  return { conditions, parts: partTree(paths), id };
}

/** JSON has no undefined: an omitted value becomes null here, and JSON's null becomes a text. */
function textOf(value: WhereInput["value"]): string | null {
  return value === undefined ? null : (value?.text ?? "null");
}

function readPath(limits: Limits, argument: string, pointer: string): readonly string[] {
  checkPath(limits, argument, pointer);
  const path = parseJsonPointer(pointer);
  if (path !== null) return path;
  throw badUserInput(
    argument,
    'Must be a JSON Pointer: "" for the whole value, otherwise each member after a slash, such as "/author/name".',
  );
}

function readComparison(limits: Limits, argument: string, { op, value }: WhereInput): Comparison {
  if (op === "EXISTS") return { op, isThere: readExists(argument, value) };
  if (value === undefined) {
    throw badUserInput(argument, "Is required. For JSON's null, give value: null.");
  }
  const text = checkWhereValue(limits, argument, value);
  const pattern = patternOf(text);
  if (op === "EQ" || op === "NE") return { op, pattern };
  if (pattern.kind === "number" || pattern.kind === "string") return { op, pattern };
  throw badUserInput(
    argument,
    `Only numbers and strings have an order; this is ${kindOfText(text)}.`,
  );
}

function readExists(argument: string, value: WhereInput["value"]): boolean {
  if (value === undefined || value?.text === "true") return true;
  if (value?.text === "false") return false;
  throw badUserInput(argument, "For EXISTS, the value must be true (the default) or false.");
}

/**
 * Whether a value, which is serialised JSON, meets all conditions. Both databases use this function, not SQL.
 *
 * - `EQ`: the part exists and is equal. Numbers are compared by their exact values, strings by their characters,
 *   objects by their members.
 * - `NE`: the opposite of `EQ`. It also holds if the part does not exist.
 * - `GT`, `GTE`, `LT`, `LTE`: the part and the given value are both numbers, compared exactly, or both strings,
 *   compared by code points.
 * - `EXISTS`: the part exists, with any value, including null. With `false`: the part does not exist.
 */
export function isWanted({ conditions, parts }: Where, value: string): boolean {
  const begins = findParts(value, parts);
  // Reads a long number once for all of its conditions.
  const decimals: (Decimal | null | undefined)[] = [];
  return conditions.every((condition) => {
    const { part, op } = condition;
    const at = begins[part] ?? null;
    if (op === "EXISTS") return (at !== null) === condition.isThere;
    if (at === null) return op === "NE";
    const { pattern } = condition;
    if (pattern.kind === "number") {
      const decimal = (decimals[part] ??= decimalAt(value, at));
      return isInOrder(op, decimal && compareDecimals(decimal, pattern.number));
    }
    if (pattern.kind === "string") return isInOrder(op, compareAt(value, at, pattern));
    return (endOfEqual(value, at, pattern) !== -1) === (op === "EQ");
  });
}

/** @param order null if the two cannot be ordered, such as a number and a string */
function isInOrder(op: Exclude<ValueOperator, "EXISTS">, order: number | null): boolean {
  if (order === null) return op === "NE";
  switch (op) {
    case "EQ":
      return order === 0;
    case "NE":
      return order !== 0;
    case "GT":
      return order > 0;
    case "GTE":
      return order >= 0;
    case "LT":
      return order < 0;
    case "LTE":
      return order <= 0;
  }
}
