import { GraphQLError, Kind, type ValueNode } from "graphql";
import { JsonFault } from "../json/json-fault.ts";
import { jsonTextOf, JsonText } from "../json/json-text.ts";

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/**
 * The text of a JSON value that is written into an operation. A number keeps its digits. A variable of type JSON is put
 * in as it was sent; one of another type as what GraphQL made of it, a missing one as null.
 * @throws GraphQLError for what JSON does not have, and for a duplicate member
 */
export function jsonTextOfLiteral(node: ValueNode, variables: Variables): JsonText {
  try {
    return new JsonText(write(node, variables));
  } catch (error) {
    throw error instanceof JsonFault ? new GraphQLError(error.message, { nodes: node }) : error;
  }
}

function write(node: ValueNode, variables: Variables): string {
  switch (node.kind) {
    case Kind.NULL:
      return "null";
    case Kind.STRING:
      return jsonTextOf(node.value).text;
    case Kind.BOOLEAN:
      return String(node.value);
    case Kind.INT:
    case Kind.FLOAT:
      // GraphQL's numbers are written as JSON's are.
      return node.value;
    case Kind.LIST:
      return `[${node.values.map((value) => write(value, variables)).join(",")}]`;
    case Kind.OBJECT: {
      const names = new Set<string>();
      const members = node.fields.map(({ name, value }) => {
        if (names.has(name.value)) {
          throw new JsonFault(`The member "${name.value}" appears more than once.`);
        }
        names.add(name.value);
        return `"${name.value}":${write(value, variables)}`;
      });
      return `{${members.join(",")}}`;
    }
    case Kind.VARIABLE: {
      const name = node.name.value;
      return variables && Object.hasOwn(variables, name) ? variableText(variables[name]) : "null";
    }
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no ${node.value}; did you mean "${node.value}"?`);
  }
}

function variableText(value: unknown): string {
  // A Revision: decimal text, as it is sent.
  return jsonTextOf(typeof value === "bigint" ? String(value) : value).text;
}
