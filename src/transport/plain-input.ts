import {
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  type GraphQLInputType,
  type GraphQLInputObjectType,
} from "graphql";

/** Returned by a reader for a value that graphql-js must read, which can refuse it with a reason. */
export const isNotPlain = Symbol("not plain");

/** Reads a value that was sent. Returns the same value as graphql-js, or `isNotPlain`. */
export type ReadInput = (sent: unknown) => unknown;

interface Field {
  readonly name: string;
  readonly read: ReadInput;
  /** The value of a field that is left out; undefined if it has no default. */
  readonly defaultValue: unknown;
  readonly isRequired: boolean;
}

/** Returns the reader of a type. Each is created once, so that input objects can contain themselves. */
export function plainInput(type: GraphQLInputType): ReadInput {
  const known = readers.get(type);
  if (known) return known;
  const read = makeReader(type);
  readers.set(type, read);
  return read;
}

const readers = new WeakMap<GraphQLInputType, ReadInput>();

function makeReader(type: GraphQLInputType): ReadInput {
  if (isNonNullType(type)) {
    const read = plainInput(type.ofType as GraphQLInputType);
    return (sent) => (sent == null ? isNotPlain : read(sent));
  }
  if (isListType(type)) {
    const read = plainInput(type.ofType as GraphQLInputType);
    return (sent) => (sent === null ? null : readList(sent, read));
  }
  if (isInputObjectType(type)) return objectReader(type);
  if (!isLeafType(type)) return () => isNotPlain;
  return (sent) => {
    if (sent === null) return null;
    try {
      const value: unknown = type.parseValue(sent);
      return value === undefined ? isNotPlain : value;
    } catch {
      return isNotPlain;
    }
  };
}

function readList(sent: unknown, read: ReadInput): unknown {
  // GraphQL accepts a single item instead of a list.
  if (!Array.isArray(sent)) return isNotPlain;
  const items: unknown[] = [];
  for (const item of sent) {
    const value = read(item);
    if (value === isNotPlain) return isNotPlain;
    items.push(value);
  }
  return items;
}

function objectReader(type: GraphQLInputObjectType): ReadInput {
  if (type.isOneOf) return () => isNotPlain;
  let fields: readonly Field[] | null = null;
  return (sent) => {
    if (sent === null) return null;
    if (typeof sent !== "object" || Array.isArray(sent)) return isNotPlain;
    fields ??= Object.values(type.getFields()).map(({ name, type: of, defaultValue }) => ({
      name,
      read: plainInput(of),
      defaultValue,
      isRequired: isNonNullType(of),
    }));
    const values: Record<string, unknown> = {};
    let found = 0;
    for (const { name, read, defaultValue, isRequired } of fields) {
      const member = (sent as Record<string, unknown>)[name];
      if (member === undefined) {
        if (defaultValue !== undefined) values[name] = defaultValue;
        else if (isRequired) return isNotPlain;
        continue;
      }
      found++;
      const value = read(member);
      if (value === isNotPlain) return isNotPlain;
      values[name] = value;
    }
    // A member without a field is refused.
    return Object.keys(sent).length === found ? values : isNotPlain;
  };
}
