import { GraphQLError, Kind } from "graphql";
import { JsonError } from "../json/json-error.ts";
import { JsonText, jsonTextOfParsed } from "../json/json-text.ts";
import { maxRevision } from "../store/model/log.ts";
import { builder } from "./builder.ts";
import { jsonTextOfLiteral } from "./json-literal.ts";

function parseRevision(value: unknown): bigint {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && /^(0|[1-9]\d{0,18})$/.test(text) && BigInt(text) <= maxRevision) {
    return BigInt(text);
  }
  throw new GraphQLError(
    `A revision is a decimal string such as "42", but this is ${typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`}.`,
  );
}

builder.scalarType("Revision", {
  description:
    "The position of a change in its user's log: 1, 2, 3 … without holes. A 64-bit number as a decimal string, such as " +
    '`"42"`. `"0"` is before the first change.',
  serialize: (revision) => String(revision),
  parseValue: parseRevision,
  parseLiteral: (node) =>
    parseRevision(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : node.kind),
});

builder.scalarType("DateTime", {
  description: "A time as RFC 3339 in UTC, to the millisecond: `2026-01-31T12:00:00.000Z`.",
  serialize: (date) => date.toISOString(),
  parseValue: () => {
    throw new GraphQLError("No argument has the type DateTime.");
  },
});

builder.scalarType("JSON", {
  description:
    "Any JSON value: object, array, string, number, boolean or null. It is stored and returned as the text that was sent, " +
    "apart from insignificant whitespace and the choice of escapes in strings. Integers of any size, `1.0`, `1e400`, and " +
    "the order of an object's members are kept. Duplicate members and lone surrogates are refused with BAD_USER_INPUT. " +
    "Clients that parse numbers as 64-bit floats, such as JavaScript's `JSON.parse`, can lose digits when they read a value.",
  serialize: (value) => value,
  parseValue,
  parseLiteral: (node, variables) => jsonTextOfLiteral(node, variables),
});

/** If the request was read by the exact parser, the value is already a `JsonText`. */
function parseValue(value: unknown): JsonText {
  if (value instanceof JsonText) return value;
  try {
    return jsonTextOfParsed(value);
  } catch (error) {
    throw error instanceof JsonError ? new GraphQLError(error.message) : error;
  }
}
