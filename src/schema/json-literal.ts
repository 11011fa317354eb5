import { GraphQLError, Kind, type ValueNode, type VariableNode } from "graphql";
import { BatonError, limitExceeded } from "../errors.ts";
import { JsonError } from "../json/json-error.ts";
import { jsonTextOf, JsonText } from "../json/json-text.ts";

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/**
 * Returns the JSON text of a value that is written in an operation. A number keeps its digits, and a variable keeps the
 * text that was sent. If a variable is omitted, its object member is left out, as in an input object; as a list item it
 * is null, as in GraphQL's lists.
 * @throws GraphQLError for a value that JSON does not have, a duplicate member, and a literal that is nested too deeply
 */
export function jsonTextOfLiteral(node: ValueNode, variables: Variables): JsonText {
  try {
    return new JsonText(write(node, variables, 0));
  } catch (error) {
    if (error instanceof JsonError) throw new GraphQLError(error.message, { nodes: node });
    const reason = error instanceof RangeError ? tooDeep() : error;
    if (!(reason instanceof BatonError)) throw reason;
    // For other errors, graphql-js writes the whole literal into its message.
    throw new GraphQLError(reason.message, { nodes: node, originalError: reason });
  }
}

/** The largest depth that `maxValueDepth` can allow. A deeper literal could overflow the stack. */
const maxDepth = 1_000;

function tooDeep(): BatonError {
  const message = `A JSON value can be nested at most ${maxDepth} levels deep; this one is deeper.`;
  return limitExceeded("maxValueDepth", maxDepth, message);
}

function write(node: ValueNode, variables: Variables, depth: number): string {
  if (depth > maxDepth) throw tooDeep();
  switch (node.kind) {
    case Kind.NULL:
      return "null";
    case Kind.STRING:
      return jsonTextOf(node.value).text;
    case Kind.BOOLEAN:
      return String(node.value);
    case Kind.INT:
    case Kind.FLOAT:
      // GraphQL and JSON write numbers in the same way.
      return node.value;
    case Kind.LIST:
      return `[${node.values.map((value) => write(value, variables, depth + 1)).join(",")}]`;
    case Kind.OBJECT: {
      const names = new Set<string>();
      const members: string[] = [];
      for (const { name, value } of node.fields) {
        if (names.has(name.value)) {
          throw new JsonError(`The member "${name.value}" appears more than once.`);
        }
        names.add(name.value);
        if (value.kind === Kind.VARIABLE && !isGiven(value, variables)) continue;
        members.push(`"${name.value}":${write(value, variables, depth + 1)}`);
      }
      return `{${members.join(",")}}`;
    }
    case Kind.VARIABLE:
      return isGiven(node, variables) ? jsonTextOf(variables?.[node.name.value]).text : "null";
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no ${node.value}; did you mean "${node.value}"?`);
  }
}

function isGiven({ name }: VariableNode, variables: Variables): boolean {
  return variables != null && Object.hasOwn(variables, name.value);
}
