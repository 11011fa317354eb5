import { Kind, type OperationDefinitionNode } from "graphql";
import type { CallNote } from "../mcp/call-note.ts";
import type { TracedOperation } from "../operation-trace.ts";

/** The details of an operation for the log. They contain the name of its token, but no secret, key or value. */
export interface OperationNote extends CallNote {
  definition?: OperationDefinitionNode;
}

const maxFields = 5;
const maxNameLength = 100;

/** The fields of a note in a line of the log. Unknown ones are left out. */
export function loggedNote(note: OperationNote): object {
  const { viewer, definition, call, errorCode, requestId, trace } = note;
  return {
    requestId,
    ...(trace ? { traceId: trace.traceId, spanId: trace.spanId } : {}),
    ...(viewer ? { user: viewer.userId, agent: viewer.agent, tokenId: viewer.tokenId } : {}),
    ...(definition ? { operation: describeOperation(definition) } : {}),
    ...(call ? { operation: call } : {}),
    ...(errorCode ? { errorCode } : {}),
  };
}

/** The attributes of a note in its span. */
export function tracedNote({
  viewer,
  definition,
  call,
  errorCode,
}: OperationNote): TracedOperation {
  const kind = definition?.operation ?? (call === undefined ? null : "mcp");
  return {
    title: definition
      ? `${definition.operation} ${fieldsOf(definition, false)}`
      : (call ?? "operation"),
    kind,
    name: definition?.name?.value ?? null,
    userId: viewer?.userId ?? null,
    errorCode: errorCode ?? null,
  };
}

/** Returns a description such as `mutation SetResult: setEntry`. */
function describeOperation(definition: OperationDefinitionNode): string {
  const { operation, name } = definition;
  const words = name ? [operation, name.value.slice(0, maxNameLength)] : [operation];
  return `${words.join(" ")}: ${fieldsOf(definition, true)}`;
}

/** @param withFragments whether to include the names of fragments, which the caller chose */
function fieldsOf({ selectionSet }: OperationDefinitionNode, withFragments: boolean): string {
  const fields: string[] = [];
  for (const selection of selectionSet.selections) {
    if (fields.length === maxFields) {
      fields.push("…");
      break;
    }
    if (selection.kind === Kind.FIELD) fields.push(selection.name.value);
    else if (selection.kind === Kind.FRAGMENT_SPREAD && withFragments) {
      fields.push(`...${selection.name.value}`);
    } else fields.push("...");
  }
  return fields.map((field) => field.slice(0, maxNameLength)).join(", ");
}
