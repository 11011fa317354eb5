import { grantedClaim } from "../model/claim.ts";
import { checkLeaseSeconds } from "../model/limits.ts";
import { readHeld, requireHeld, secondsFromNow, type Held, type HeldInput } from "./held-claim.ts";
import { baseSizeBytes, type OperationType } from "./operation.ts";

export interface RenewInput extends HeldInput {
  readonly leaseSeconds: number;
}

/** Extends a lease. */
export interface RenewOperation extends Held {
  readonly kind: "renew";
  readonly leaseSeconds: number;
}

export const renewOperation: OperationType<RenewInput, RenewOperation> = {
  read(asked, argument, input) {
    const held = readHeld(asked, argument, input);
    checkLeaseSeconds(asked.limits, `${argument}.leaseSeconds`, input.leaseSeconds);
    return { kind: "renew", ...held, leaseSeconds: input.leaseSeconds };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, operation) {
    const held = requireHeld(draft, operation);
    const claimExpiresAt = secondsFromNow(draft, operation.leaseSeconds);
    draft.setClaim(held, { claimExpiresAt });
    const claim = grantedClaim({ ...held, claimToken: operation.token, claimExpiresAt });
    return { kind: "renewed", claim };
  },
};
