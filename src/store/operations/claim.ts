import { randomBytes } from "node:crypto";
import { checkKeyPrefix, checkLeaseSeconds } from "../model/limits.ts";
import { prefixed, type TextMatch } from "../model/text-match.ts";
import type { Argument, OperationType } from "./operation.ts";
import { requireWrite } from "./read-input.ts";
import { leaseEnd } from "./held-claim.ts";

export interface ClaimInput {
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly leaseSeconds: number;
}

/** Leases the first free entry, in the order of the keys. */
export interface ClaimOperation extends Argument {
  readonly kind: "claim";
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly leaseSeconds: number;
  /** The token of the claim, if an entry is granted. */
  readonly token: string;
}

/** A claim's response shows a value whose size is not known while the claim waits. */
const claimSizeBytes = 64 * 1024;

export const claimOperation: OperationType<ClaimInput, ClaimOperation> = {
  read(asked, argument, { namespace, keyPrefix, leaseSeconds }) {
    requireWrite(asked, argument, namespace);
    checkKeyPrefix(asked.limits, `${argument}.keyPrefix`, keyPrefix);
    checkLeaseSeconds(asked.limits, `${argument}.leaseSeconds`, leaseSeconds);
    const token = randomBytes(16).toString("base64url");
    return { kind: "claim", argument, namespace, keys: prefixed(keyPrefix), leaseSeconds, token };
  },
  touches: () => [],
  sizeBytes: () => claimSizeBytes,
  decide(draft, { namespace, keys, leaseSeconds, token }) {
    const free = draft.firstFree(namespace, keys);
    if (!free) return { kind: "claimed", entry: null, claim: null };
    const expiresAt = leaseEnd(draft, leaseSeconds);
    const attempt = free.claimAttempt + 1;
    const claim = {
      claimToken: token,
      claimAttempt: attempt,
      claimExpiresAt: expiresAt,
      isCompleted: false,
    };
    const entry = draft.setClaim(free, claim);
    return { kind: "claimed", entry, claim: { token, expiresAt, attempt } };
  },
};
