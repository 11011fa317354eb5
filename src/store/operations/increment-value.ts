import { badUserInput, type BatonError } from "../../errors.ts";
import type { IncrementOperation } from "./increment.ts";
import { formatJsonPointer } from "../../json/json-pointer.ts";
import { isObject } from "../../json/merge-patch.ts";

/**
 * Adds to a number, or to one inside of objects and arrays. Where nothing is, it begins at 0, in objects made on the way.
 * @param before undefined where there is no entry
 * @throws BAD_USER_INPUT where something other than a number is, or the sum of two integers would not be theirs
 */
export function increment(before: unknown, { argument, by, path }: IncrementOperation): unknown {
  const add = (value: unknown, depth: number): unknown => {
    const member = path[depth];
    if (member === undefined) {
      if (value !== undefined && typeof value !== "number") throw wrong("a number", value, depth);
      return sumOf(value ?? 0);
    }
    if (Array.isArray(value)) {
      if (!/^(0|[1-9]\d*)$/.test(member) || Number(member) >= value.length) {
        throw badUserInput(
          `${argument}.path`,
          `The array at ${name(depth)} has ${value.length} items and none at ${JSON.stringify(member)}. Nothing was changed.`,
        );
      }
      return value.with(Number(member), add(value[Number(member)], depth + 1));
    }
    if (value !== undefined && !isObject(value)) throw wrong("an object", value, depth);
    // A map, since a member may have any name, `__proto__` too.
    const members = new Map(Object.entries(value ?? {}));
    return Object.fromEntries(members.set(member, add(members.get(member), depth + 1)));
  };
  const sumOf = (value: number): number => {
    const sum = value + by;
    // Integers beyond 2^53 would count on and never move.
    const isWhole = Number.isInteger(value) && Number.isInteger(by);
    const isExact = !isWhole || (sum - value === by && sum - by === value);
    if (Number.isFinite(sum) && isExact) return sum;
    throw badUserInput(
      `${argument}.by`,
      `A 64-bit float can't hold the sum of ${value} and ${by}${Number.isFinite(sum) ? " exactly" : ""}. Nothing was changed.`,
    );
  };
  const name = (depth: number) =>
    depth === 0 ? "the top" : JSON.stringify(formatJsonPointer(path.slice(0, depth)));
  const wrong = (wanted: string, found: unknown, depth: number): BatonError =>
    badUserInput(
      path.length > 0 ? `${argument}.path` : argument,
      `There must be ${wanted} at ${name(depth)}, or nothing; there is ${describe(found)}. Nothing was changed.`,
    );
  return add(before, 0);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
