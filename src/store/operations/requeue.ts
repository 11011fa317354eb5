import type { Place } from "../model/place.ts";
import { baseSizeBytes, type Argument, type OperationType } from "./operation.ts";
import { readPlace } from "./read-input.ts";

/** Makes a dead-lettered entry claimable again, with its attempts counted from 1. Its last error stays readable. */
export interface RequeueOperation extends Place, Argument {
  readonly kind: "requeue";
}

export const requeueOperation: OperationType<Place, RequeueOperation> = {
  read: (asked, argument, input) => ({ kind: "requeue", ...readPlace(asked, argument, input) }),
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, operation) {
    const entry = draft.entry(operation);
    if (!entry?.isDeadLettered) return { kind: "requeued", requeued: false };
    draft.setClaim(entry, { claimAttempt: 0, isDeadLettered: false });
    return { kind: "requeued", requeued: true };
  },
};
