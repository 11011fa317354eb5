import { GraphQLError, Kind, type ValueNode, type VariableNode } from "graphql";
import { JsonFault } from "../json/json-fault.ts";
import { jsonTextOf, JsonText } from "../json/json-text.ts";

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/**
 * The text of a JSON value that is written into an operation. A number keeps its digits. A variable is put in as it was
 * sent. One that was left out leaves out the member that it is the value of, as in an input object; as an item of a list
 * it is null, as in a list of GraphQL's.
 * @throws GraphQLError for what JSON does not have, and for a duplicate member
 */
export function jsonTextOfLiteral(node: ValueNode, variables: Variables): JsonText {
  try {
    return new JsonText(write(node, variables));
  } catch (error) {
    // The text of an operation may nest deeper than the stack bears, and far deeper than a value may.
    const fault = error instanceof RangeError ? new JsonFault("It is nested too deep.") : error;
    throw fault instanceof JsonFault ? new GraphQLError(fault.message, { nodes: node }) : fault;
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
      const members: string[] = [];
      for (const { name, value } of node.fields) {
        if (names.has(name.value)) {
          throw new JsonFault(`The member "${name.value}" appears more than once.`);
        }
        names.add(name.value);
        if (value.kind === Kind.VARIABLE && !isGiven(value, variables)) continue;
        members.push(`"${name.value}":${write(value, variables)}`);
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
