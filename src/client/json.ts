import { badUserInput, BatonError } from "./errors.ts";
import { markNegativeZeros } from "./negative-zero.ts";

/**
 * The value, if JSON can say it: `JSON.stringify` would turn NaN into null and a Map into `{}`. A bigint is said as
 * a number, where the store is told so; -0 is marked, since `JSON.stringify` would write it as 0.
 * @throws BAD_USER_INPUT
 */
export function requireJson<T>(argument: string, value: T): T {
  let hasNegativeZero = false;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, function (this: object, name, member: unknown) {
      // Whether it may be sent is the store's option.
      if (typeof member === "bigint") return 0;
      hasNegativeZero ||= Object.is(member, -0);
      const fault = member == null ? nullFaultOf(this, name, member) : faultOf(member);
      if (fault === null) return member;
      throw badUserInput(argument, `${name === "" ? "" : `${name}: `}${fault}`);
    });
  } catch (error) {
    if (error instanceof BatonError) throw error;
    // It is nested too deep, or goes in a circle.
    throw badUserInput(
      argument,
      `JSON can't say it: ${(error as Error).message.split("\n", 1)[0]}`,
    );
  }
  // Also what says by `toJSON` that it is nothing.
  if (text === undefined) throw badUserInput(argument, "Must be a JSON value; null is one.");
  return hasNegativeZero ? (markNegativeZeros(value) as T) : value;
}

/** What becomes null without being one: what a list does not have, and a Date that is none. */
function nullFaultOf(holder: object, name: string, member: null | undefined): string | null {
  if (member === undefined) {
    return Array.isArray(holder) ? "A list in JSON has no undefined and no gap. Send null." : null;
  }
  const given: unknown = (holder as Record<string, unknown>)[name];
  const isDate = given !== null && Object.prototype.toString.call(given) === "[object Date]";
  return isDate ? "JSON has no invalid Date. Send null or a string." : null;
}

function faultOf(value: unknown): string | null {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? null : `JSON has no ${value}. Send null or a string.`;
    case "function":
    case "symbol":
      return `JSON has no ${typeof value}.`;
    case "object":
      return objectFaultOf(value);
    default:
      return null;
  }
}

/** What is an object or a plain value to JSON. Of other kinds it takes the members they happen to have. */
const jsonKinds = ["Null", "Object", "Array", "String", "Number", "Boolean"];
/** What is lost whatever members somebody has added to it. */
const lostKinds = ["Error", "Map", "Set", "RegExp", "Promise"];

function objectFaultOf(value: object | null): string | null {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (kind === "Number") return faultOf(Number(value));
  const isLost =
    lostKinds.includes(kind) || ArrayBuffer.isView(value) || Object.keys(value ?? {}).length === 0;
  if (jsonKinds.includes(kind) || !isLost) return null;
  return kind === "Promise"
    ? "JSON has no Promise. Await it first."
    : `JSON has no ${kind}. Send an object, an array or a string.`;
}
