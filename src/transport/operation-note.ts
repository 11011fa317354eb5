import { Kind, type OperationDefinitionNode } from "graphql";
import type { CallNote } from "../mcp/call-note.ts";

/** What is noted of an operation while it is answered, for the log. Neither a token nor a key nor a value is part of it. */
export interface OperationNote extends CallNote {
  definition?: OperationDefinitionNode;
}

const maxFields = 5;
const maxNameLength = 100;

/** A note as fields of a line in the log. What is not known is left out. */
export function loggedNote({ viewer, definition, call, errorCode }: OperationNote): object {
  return {
    ...(viewer ? { user: viewer.userId, agent: viewer.agent } : {}),
    ...(definition ? { operation: describeOperation(definition) } : {}),
    ...(call ? { operation: call } : {}),
    ...(errorCode ? { errorCode } : {}),
  };
}

/** Such as `mutation SetResult: setEntry`. */
function describeOperation({ operation, name, selectionSet }: OperationDefinitionNode): string {
  const fields: string[] = [];
  for (const selection of selectionSet.selections) {
    if (fields.length === maxFields) {
      fields.push("…");
      break;
    }
    if (selection.kind === Kind.FIELD) fields.push(selection.name.value);
    else if (selection.kind === Kind.FRAGMENT_SPREAD) fields.push(`...${selection.name.value}`);
    else fields.push("...");
  }
  const words = name ? [operation, name.value.slice(0, maxNameLength)] : [operation];
  return `${words.join(" ")}: ${fields.map((field) => field.slice(0, maxNameLength)).join(", ")}`;
}
