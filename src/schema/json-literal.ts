import { GraphQLError, Kind, type ValueNode, type VariableNode } from "graphql";
import { BatonError, limitExceeded } from "../errors.ts";
import { JsonError } from "../json/json-error.ts";
import { jsonTextOf, JsonText } from "../json/json-text.ts";

type GivenVariables = Readonly<Record<string, unknown>>;
type Variables = GivenVariables | null | undefined;

/**
 * Returns the JSON text of a value that is written in an operation. A number keeps its digits, and a variable keeps the
 * text that was sent. If a variable is omitted, its object member is left out, as in an input object; as a list item it
 * is null, as in GraphQL's lists.
 * @throws GraphQLError for a value that JSON does not have, a duplicate member, and a literal that is nested too deeply
 */
export function jsonTextOfLiteral(node: ValueNode, variables: Variables): JsonText {
  const extent = { depth: 0 };
  try {
    const text = write(node, variables, 0, extent);
    return new JsonText(text, extent.depth);
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

/**
 * @param depth the number of lists and objects around the node
 * @param extent its depth is raised to that of the literal, with its variables
 */
function write(
  node: ValueNode,
  variables: Variables,
  depth: number,
  extent: { depth: number },
): string {
  if (depth > maxDepth) throw tooDeep();
  const reach = (deepest: number) => (extent.depth = Math.max(extent.depth, deepest));
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
    case Kind.LIST: {
      reach(depth + 1);
      const items = node.values.map((value) => write(value, variables, depth + 1, extent));
      return `[${items.join(",")}]`;
    }
    case Kind.OBJECT: {
      reach(depth + 1);
      const names = new Set<string>();
      const members: string[] = [];
      for (const { name, value } of node.fields) {
        if (names.has(name.value)) {
          throw new JsonError(`The member "${name.value}" appears more than once.`);
        }
        names.add(name.value);
        if (value.kind === Kind.VARIABLE && !isGiven(value, variables)) continue;
        members.push(`"${name.value}":${write(value, variables, depth + 1, extent)}`);
      }
      return `{${members.join(",")}}`;
    }
    case Kind.VARIABLE: {
      if (!isGiven(node, variables)) return "null";
      const value = variables[node.name.value];
      const json = value instanceof JsonText ? value : jsonTextOf(value);
      reach(depth + json.depth);
      return json.text;
    }
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no ${node.value}; did you mean "${node.value}"?`);
  }
}

function isGiven({ name }: VariableNode, variables: Variables): variables is GivenVariables {
  return variables != null && Object.hasOwn(variables, name.value);
}
