import { isHeld } from "../model/claim.ts";
import type { Place } from "../model/place.ts";
import { giveBack } from "./held-claim.ts";
import { baseSizeBytes, type Argument, type OperationType } from "./operation.ts";
import { readPlace, type Optional } from "./read-input.ts";

export interface RevokeInput extends Place {
  readonly ifAttempt?: Optional<number>;
}

/** Ends the claim of a stuck worker without its token. Another worker can then claim the entry. */
export interface RevokeOperation extends Place, Argument {
  readonly kind: "revoke";
  /** Only the claim of this attempt; null: any claim. */
  readonly ifAttempt: number | null;
}

export const revokeOperation: OperationType<RevokeInput, RevokeOperation> = {
  read: (asked, argument, input) => ({
    kind: "revoke",
    ...readPlace(asked, argument, input),
    ifAttempt: input.ifAttempt ?? null,
  }),
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, { ifAttempt, ...place }) {
    const entry = draft.entry(place);
    const isThere = entry !== null && entry.claimToken !== null && isHeld(entry, draft.now);
    if (!isThere || (ifAttempt !== null && ifAttempt !== entry.claimAttempt)) {
      return { kind: "revoked", revoked: false };
    }
    giveBack(draft, entry, 0);
    draft.claimEvents.push("revoked");
    return { kind: "revoked", revoked: true };
  },
};
