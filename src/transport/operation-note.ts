import { Kind, type OperationDefinitionNode } from "graphql";
import type { CallNote } from "../mcp/call-note.ts";
import type { TracedOperation } from "../operation-trace.ts";

/** What is noted of an operation while it is answered, for the log. Neither a token nor a key nor a value is part of it. */
export interface OperationNote extends CallNote {
  definition?: OperationDefinitionNode;
  /** Of an error that the log tells of. */
  requestId?: string;
}

const maxFields = 5;
const maxNameLength = 100;

/** A note as fields of a line in the log. What is not known is left out. */
export function loggedNote(note: OperationNote): object {
  const { viewer, definition, call, errorCode, requestId, trace } = note;
  return {
    ...(requestId ? { requestId } : {}),
    ...(trace ? { traceId: trace.traceId, spanId: trace.spanId } : {}),
    ...(viewer ? { user: viewer.userId, agent: viewer.agent } : {}),
    ...(definition ? { operation: describeOperation(definition) } : {}),
    ...(call ? { operation: call } : {}),
    ...(errorCode ? { errorCode } : {}),
  };
}

/** A note as its span tells it. */
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

/** Such as `mutation SetResult: setEntry`. */
function describeOperation(definition: OperationDefinitionNode): string {
  const { operation, name } = definition;
  const words = name ? [operation, name.value.slice(0, maxNameLength)] : [operation];
  return `${words.join(" ")}: ${fieldsOf(definition, true)}`;
}

/** @param withFragments whether the names of fragments are shown, which its caller chose */
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
