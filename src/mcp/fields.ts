import { badUserInput } from "../errors.ts";
import { JsonText } from "../json/json-text.ts";
import { decodeString, itemBegins, endOfValue, membersAt } from "../json/value-parts.ts";

// One description of a tool's arguments: their JSON Schema, their types, and how they are read from the text that was
// sent. A value keeps this text, because a parser would change it.

/** The type of an argument. `T` is the result of reading it. */
export interface Kind<T> {
  readonly schema: Readonly<Record<string, unknown>>;
  /** The expected type in an error message, such as `a string`. */
  readonly expected: string;
  /** Whether null is a valid value. If not, null means that the argument was left out. */
  readonly hasNull?: boolean;
  /** @returns undefined if the text is of another type */
  read(text: string, argument: string): T | undefined;
}

export interface Field<T> {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly isRequired: boolean;
  /** @param text null if the argument was left out */
  read(text: string | null, argument: string): T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values that are read from arguments with these fields. */
export type Values<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never;
};

export const text: Kind<string> = {
  schema: { type: "string" },
  expected: "a string",
  read: (sent) => (sent.startsWith('"') ? decodeString(sent) : undefined),
};

export const boolean: Kind<boolean> = {
  schema: { type: "boolean" },
  expected: "true or false",
  read: (sent) => (sent === "true" ? true : sent === "false" ? false : undefined),
};

export const number: Kind<number> = {
  schema: { type: "number" },
  expected: "a number",
  read: (sent) => (/^[-\d]/.test(sent) ? Number(sent) : undefined),
};

export const integer: Kind<number> = {
  schema: { type: "integer" },
  expected: "an integer",
  read(sent) {
    const value = /^[-\d]/.test(sent) ? Number(sent) : Number.NaN;
    return Number.isSafeInteger(value) ? value : undefined;
  },
};

const maxRevision = 2n ** 63n - 1n;

export const revision: Kind<bigint> = {
  schema: { type: "string", pattern: "^[0-9]{1,19}$" },
  expected: 'a revision: a decimal string such as "42"',
  read(sent) {
    const digits = /^"?([0-9]{1,19})"?$/.exec(sent)?.[1];
    const value = digits === undefined ? undefined : BigInt(digits);
    return value !== undefined && value <= maxRevision ? value : undefined;
  },
};

/** Any JSON value. */
export const json: Kind<JsonText> = {
  schema: {},
  expected: "JSON",
  hasNull: true,
  read: (sent) => new JsonText(sent),
};

export const object: Kind<JsonText> = {
  schema: { type: "object" },
  expected: "an object",
  read: (sent) => (sent.startsWith("{") ? new JsonText(sent) : undefined),
};

export function choice<const T extends string>(choices: readonly T[]): Kind<T> {
  const quoted = choices.map((one) => JSON.stringify(one));
  return {
    schema: { type: "string", enum: choices },
    expected: `one of ${quoted.join(", ")}`,
    read: (sent) => choices[quoted.indexOf(sent)],
  };
}

export function list<F extends Fields>(fields: F): Kind<readonly Values<F>[]> {
  return {
    schema: { type: "array", items: schemaOf(fields) },
    expected: "an array of objects",
    read(sent, argument) {
      if (!sent.startsWith("[")) return undefined;
      const items = itemBegins(sent, 0).map((begin) => sent.slice(begin, endOfValue(sent, begin)));
      return items.map((item, index) => readFields(fields, item, `${argument}.${index}`));
    },
  };
}

/** A required argument. */
export function required<T>(kind: Kind<T>, description: string): Field<T> {
  return {
    schema: { ...kind.schema, description },
    isRequired: true,
    read(sent, argument) {
      if (!isGiven(kind, sent)) throw badUserInput(argument, `Is required: ${kind.expected}.`);
      return readAs(kind, sent, argument);
    },
  };
}

/** An optional argument: null if it is left out. */
export function optional<T>(kind: Kind<T>, description: string): Field<T | null> {
  return {
    schema: { ...kind.schema, description },
    isRequired: false,
    read: (sent, argument) => (isGiven(kind, sent) ? readAs(kind, sent, argument) : null),
  };
}

/** An argument with a default. */
export function withDefault<T extends string | number | boolean>(
  kind: Kind<T>,
  fallback: T,
  description: string,
): Field<T> {
  return {
    schema: { ...kind.schema, default: fallback, description },
    isRequired: false,
    read: (sent, argument) => (isGiven(kind, sent) ? readAs(kind, sent, argument) : fallback),
  };
}

/** The JSON Schema of an object with these members. */
export function schemaOf(fields: Fields): Record<string, unknown> {
  const all = Object.entries(fields);
  const names = all.filter(([, field]) => field.isRequired).map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(all.map(([name, field]) => [name, field.schema])),
    ...(names.length === 0 ? {} : { required: names }),
    additionalProperties: false,
  };
}

/**
 * Reads an object from the text of a `JsonText`.
 * @param argument the path of the object; empty for the arguments themselves
 * @throws BAD_USER_INPUT for an argument that is missing, unknown or of another type
 */
export function readFields<F extends Fields>(fields: F, sent: string, argument: string): Values<F> {
  const pathOf = (name: string) => (argument === "" ? name : `${argument}.${name}`);
  if (!sent.startsWith("{")) throw badUserInput(argument || "arguments", "Must be an object.");
  const texts = new Map<string, string>();
  for (const { name, begin, end } of membersAt(sent, 0)) {
    if (!Object.hasOwn(fields, name)) {
      const known = Object.keys(fields).join(", ") || "none";
      throw badUserInput(
        pathOf(name.slice(0, 100)),
        `Is not an argument. The arguments are: ${known}.`,
      );
    }
    texts.set(name, sent.slice(begin, end));
  }
  const values = Object.entries(fields).map(([name, field]) => [
    name,
    field.read(texts.get(name) ?? null, pathOf(name)),
  ]);
  return Object.fromEntries(values) as Values<F>;
}

function isGiven(kind: Kind<unknown>, sent: string | null): sent is string {
  return sent !== null && (sent !== "null" || kind.hasNull === true);
}

function readAs<T>(kind: Kind<T>, sent: string, argument: string): T {
  const value = kind.read(sent, argument);
  if (value !== undefined) return value;
  throw badUserInput(argument, `Must be ${kind.expected}; this is ${kindOf(sent)}.`);
}

function kindOf(sent: string): string {
  if (sent.startsWith("{")) return "an object";
  if (sent.startsWith("[")) return "an array";
  return sent.length > 60 ? `${sent.slice(0, 60)}…` : sent;
}
