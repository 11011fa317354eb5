import { readHeld, requireHeld, type Held, type HeldInput } from "./held-claim.ts";
import { baseSizeBytes, type OperationType } from "./operation.ts";

/** Gives a claimed entry back, so that another worker may claim it. */
export interface ReleaseOperation extends Held {
  readonly kind: "release";
}

export const releaseOperation: OperationType<HeldInput, ReleaseOperation> = {
  read: (asked, argument, input) => ({ kind: "release", ...readHeld(asked, argument, input) }),
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, operation) {
    const held = requireHeld(draft, operation);
    draft.setClaim(held, { ...held, claimToken: null, claimExpiresAt: null });
    return { kind: "released" };
  },
};
