import type { Place } from "../model/place.ts";
import { baseSizeBytes, type Argument, type OperationType } from "./operation.ts";
import { readPlace } from "./read-input.ts";

/** Makes a completed entry claimable again, with its attempts counted from 1. */
export interface ReopenOperation extends Place, Argument {
  readonly kind: "reopen";
}

export const reopenOperation: OperationType<Place, ReopenOperation> = {
  read: (asked, argument, input) => ({ kind: "reopen", ...readPlace(asked, argument, input) }),
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, operation) {
    const entry = draft.entry(operation);
    if (!entry?.isCompleted) return { kind: "reopened", reopened: false };
    draft.setClaim(entry, { claimAttempt: 0, isCompleted: false });
    return { kind: "reopened", reopened: true };
  },
};
