import { badUserInput, BatonError } from "./errors.ts";
import { markNegativeZeros } from "./negative-zero.ts";

/**
 * Returns the value if JSON can represent it. `JSON.stringify` would turn NaN into null and a Map into `{}`. The codec
 * decides whether a bigint is accepted. -0 is marked, because `JSON.stringify` would write it as 0.
 * @throws BAD_USER_INPUT
 */
export function requireJson<T>(argument: string, value: T): T {
  let hasNegativeZero = false;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, function (this: object, name, member: unknown) {
      // The option `numbers` decides whether a bigint can be sent.
      if (typeof member === "bigint") return 0;
      hasNegativeZero ||= Object.is(member, -0);
      const problem = member == null ? nullProblemOf(this, name, member) : problemOf(member);
      if (problem === null) return member;
      throw badUserInput(argument, `${name === "" ? "" : `${name}: `}${problem}`);
    });
  } catch (error) {
    if (error instanceof BatonError) throw error;
    // The value is nested too deeply, or refers to itself.
    throw badUserInput(
      argument,
      `Not valid as JSON: ${(error as Error).message.split("\n", 1)[0]}`,
    );
  }
  // This includes an object whose `toJSON` returns undefined.
  if (text === undefined)
    throw badUserInput(argument, "Must be a JSON value. Use null for no value.");
  return hasNegativeZero ? (markNegativeZeros(value) as T) : value;
}

/** Describes a value that JSON would silently change to null: undefined or a gap in an array, or an invalid Date. */
function nullProblemOf(holder: object, name: string, member: null | undefined): string | null {
  if (member === undefined) {
    return Array.isArray(holder)
      ? "A JSON array cannot contain undefined or gaps. Send null."
      : null;
  }
  const given: unknown = (holder as Record<string, unknown>)[name];
  const isDate = given !== null && Object.prototype.toString.call(given) === "[object Date]";
  return isDate ? "JSON cannot represent an invalid Date. Send null or a string." : null;
}

function problemOf(value: unknown): string | null {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value)
        ? null
        : `JSON cannot represent ${value}. Send null or a string.`;
    case "function":
    case "symbol":
      return `JSON cannot represent a ${typeof value}.`;
    case "object":
      return objectProblemOf(value);
    default:
      return null;
  }
}

/** Kinds that JSON can represent. Of other kinds, it would write only their enumerable members. */
const jsonKinds = ["Null", "Object", "Array", "String", "Number", "Boolean"];
/** Kinds whose content JSON loses, regardless of the members that a program added to them. */
const lostKinds = ["Error", "Map", "Set", "RegExp", "Promise"];

function objectProblemOf(value: object | null): string | null {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (kind === "Number") return problemOf(Number(value));
  const isLost =
    lostKinds.includes(kind) || ArrayBuffer.isView(value) || Object.keys(value ?? {}).length === 0;
  if (jsonKinds.includes(kind) || !isLost) return null;
  return kind === "Promise"
    ? "JSON cannot represent a Promise. Await it first."
    : `JSON cannot represent a ${kind}. Send an object, an array or a string.`;
}
