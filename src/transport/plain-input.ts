import {
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  type GraphQLInputType,
  type GraphQLInputObjectType,
} from "graphql";

/** What a reader returns for a value that graphql-js has to be asked about: it may refuse it, and says why. */
export const isNotPlain = Symbol("not plain");

/** Reads a value that was sent. It comes to what graphql-js comes to, or to `isNotPlain`. */
export type ReadInput = (sent: unknown) => unknown;

interface Field {
  readonly name: string;
  readonly read: ReadInput;
  /** What stands for a field that is left out; undefined: nothing. */
  readonly defaultValue: unknown;
  readonly isRequired: boolean;
}

/** The reader of a type. Each is made once, so that input objects may contain themselves. */
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
  // A single item may stand for a list of it.
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
    // A member that is not a field is refused.
    return Object.keys(sent).length === found ? values : isNotPlain;
  };
}
