import { baseSizeBytes, type OperationType, type Write } from "./operation.ts";
import { readPlace, type WriteInput } from "./read-input.ts";
import { unmetRevision } from "./write-entry.ts";

export type DeleteInput = WriteInput;

/** Removes an entry, if it exists. */
export interface DeleteOperation extends Write {
  readonly kind: "delete";
}

export const deleteOperation: OperationType<DeleteInput, DeleteOperation> = {
  read(asked, argument, input) {
    const place = readPlace(asked, argument, input);
    return { kind: "delete", ...place, ifRevision: input.ifRevision ?? null };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, operation, { agent }) {
    const current = draft.entry(operation);
    const unmet = unmetRevision(operation, current);
    if (unmet) return unmet;
    if (!current) return { kind: "deleted", deleted: false };
    draft.remove("DELETED", current, agent);
    return { kind: "deleted", deleted: true };
  },
};
