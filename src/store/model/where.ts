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

/** What must hold of a part of an entry's value. */
export interface WhereInput {
  readonly path?: string | null | undefined;
  readonly op: ValueOperator;
  /** Null for JSON's null; undefined where it was left out. */
  readonly value?: JsonText | null | undefined;
}

type Ordered = Extract<JsonPattern, { readonly kind: "number" | "string" }>;
type OrderOperator = "GT" | "GTE" | "LT" | "LTE";

type Comparison =
  | { readonly op: "EQ" | "NE"; readonly pattern: JsonPattern }
  | { readonly op: OrderOperator; readonly pattern: Ordered }
  | { readonly op: "EXISTS"; readonly isThere: boolean };

type Condition = Comparison & {
  /** Which of the paths leads to the part. */
  readonly part: number;
};

/** Conditions on a value, all of which must hold. */
export interface Where {
  readonly conditions: readonly Condition[];
  readonly parts: PartTree;
  /** Equal where the conditions are. */
  readonly id: string;
}

/**
 * Null where nothing is asked.
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
      `A filter may have ${maxWhereConditions} conditions; these are ${inputs.length}.`,
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

/** JSON has no undefined: a value that was left out is null here, and JSON's null is a text. */
function textOf(value: WhereInput["value"]): string | null {
  return value === undefined ? null : (value?.text ?? "null");
}

function readPath(limits: Limits, argument: string, pointer: string): readonly string[] {
  checkPath(limits, argument, pointer);
  const path = parseJsonPointer(pointer);
  if (path !== null) return path;
  throw badUserInput(
    argument,
    'Must be a JSON Pointer: "" for the value itself, else each member behind a slash, such as "/author/name".',
  );
}

function readComparison(limits: Limits, argument: string, { op, value }: WhereInput): Comparison {
  if (op === "EXISTS") return { op, isThere: readExists(argument, value) };
  if (value === undefined) {
    throw badUserInput(argument, "Is required. For JSON's null, say value: null.");
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
  throw badUserInput(argument, "Of EXISTS it is true, which is the default, or false.");
}

/**
 * Whether a value, which is serialised JSON, is one that is asked for. The one place that decides it, on every database.
 *
 * - `EQ`: the part is there and equal: numbers by their exact values, strings by what they say, objects by their members.
 * - `NE`: not `EQ`, so also where the part is not there.
 * - `GT`, `GTE`, `LT`, `LTE`: the part and the given value are both numbers, which compare exactly, or both strings, which
 *   compare by their code points.
 * - `EXISTS`: the part is there, whatever it is, also null; with `false`: it is not there.
 */
export function isWanted({ conditions, parts }: Where, value: string): boolean {
  const begins = findParts(value, parts);
  // A long number is read once, for all that is asked of it.
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

/** @param order null where there is none, as between a number and a string */
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
