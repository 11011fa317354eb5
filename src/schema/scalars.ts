import { GraphQLError, Kind, type ValueNode } from "graphql";
import { maxRevision } from "../store/model/log.ts";
import { builder } from "./builder.ts";

function parseRevision(value: unknown): bigint {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && /^(0|[1-9]\d{0,18})$/.test(text) && BigInt(text) <= maxRevision) {
    return BigInt(text);
  }
  throw new GraphQLError(
    `A revision is a decimal string such as "42"; this is ${typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`}.`,
  );
}

builder.scalarType("Revision", {
  description:
    "The position of a change in its user's log: 1, 2, 3 … without holes. A 64-bit number as a decimal string, such as " +
    '`"42"`; `"0"` stands before the first.',
  serialize: (revision) => String(revision),
  parseValue: parseRevision,
  parseLiteral: (node) =>
    parseRevision(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : node.kind),
});

builder.scalarType("DateTime", {
  description: "An instant as RFC 3339 in UTC, to the millisecond: `2026-01-31T12:00:00.000Z`.",
  serialize: (date) => date.toISOString(),
  parseValue: () => {
    throw new GraphQLError("No argument takes a DateTime.");
  },
});

builder.scalarType("JSON", {
  description:
    "Any JSON value: object, array, string, number, boolean or null. Numbers are 64-bit floats, as in JavaScript: send " +
    "whole numbers beyond ±9007199254740991 as strings. The order of an object's keys is kept, except that keys which " +
    "are whole numbers come first.",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => parseJsonLiteral(node, variables),
});

function parseJsonLiteral(
  node: ValueNode,
  variables: Record<string, unknown> | null | undefined,
): unknown {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.LIST:
      return node.values.map((value) => parseJsonLiteral(value, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map((field) => [field.name.value, parseJsonLiteral(field.value, variables)]),
      );
    case Kind.VARIABLE:
      return variables && Object.hasOwn(variables, node.name.value)
        ? variables[node.name.value]
        : null;
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no ${node.value}; did you mean "${node.value}"?`);
  }
}
