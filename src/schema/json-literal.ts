import { GraphQLError, Kind, type ValueNode, type VariableNode } from "graphql";
import { BatonError, limitExceeded } from "../errors.ts";
import { JsonFault } from "../json/json-fault.ts";
import { jsonTextOf, JsonText } from "../json/json-text.ts";

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/**
 * The text of a JSON value that is written into an operation. A number keeps its digits. A variable is put in as it was
 * sent. One that was left out leaves out the member that it is the value of, as in an input object; as an item of a list
 * it is null, as in a list of GraphQL's.
 * @throws GraphQLError for what JSON does not have, for a duplicate member, and for what is too deep
 */
export function jsonTextOfLiteral(node: ValueNode, variables: Variables): JsonText {
  try {
    return new JsonText(write(node, variables, 0));
  } catch (error) {
    if (error instanceof JsonFault) throw new GraphQLError(error.message, { nodes: node });
    const fault = error instanceof RangeError ? tooDeep() : error;
    if (!(fault instanceof BatonError)) throw fault;
    // Of any other error graphql-js would write the whole literal into its message.
    throw new GraphQLError(fault.message, { nodes: node, originalError: fault });
  }
}

/** The limit on the depth of values may be this at most. A deeper literal would overflow the stack of whoever walks it. */
const maxDepth = 1_000;

function tooDeep(): BatonError {
  const message = `JSON may be nested ${maxDepth} deep at most; this is deeper.`;
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
      // GraphQL's numbers are written as JSON's are.
      return node.value;
    case Kind.LIST:
      return `[${node.values.map((value) => write(value, variables, depth + 1)).join(",")}]`;
    case Kind.OBJECT: {
      const names = new Set<string>();
      const members: string[] = [];
      for (const { name, value } of node.fields) {
        if (names.has(name.value)) {
          throw new JsonFault(`The member "${name.value}" appears more than once.`);
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
