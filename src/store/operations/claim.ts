import { randomBytes } from "node:crypto";
import { claimStateOf, grantedClaim, isExhausted } from "../model/claim.ts";
import { checkKeyPrefix, checkLeaseSeconds, checkMaxAttempts } from "../model/limits.ts";
import { prefixed, type TextMatch } from "../model/text-match.ts";
import type { Argument, OperationType } from "./operation.ts";
import { deadLetter, secondsFromNow } from "./held-claim.ts";
import { requireWrite, type Optional } from "./read-input.ts";

export interface ClaimInput {
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly leaseSeconds: number;
  readonly maxAttempts?: Optional<number>;
}

/** Leases the first free entry, in the order of the keys. Those before it that were claimed too often are dead-lettered. */
export interface ClaimOperation extends Argument {
  readonly kind: "claim";
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly leaseSeconds: number;
  /** How often the entry may be claimed; null: as often as the claim before it said. */
  readonly maxAttempts: number | null;
  /** The token of the claim, if an entry is granted. */
  readonly token: string;
}

/** A claim's response shows a value whose size is not known while the claim waits. */
const claimSizeBytes = 64 * 1024;

export const claimOperation: OperationType<ClaimInput, ClaimOperation> = {
  read(asked, argument, { namespace, keyPrefix, leaseSeconds, maxAttempts = null }) {
    requireWrite(asked, argument, namespace, "claim");
    checkKeyPrefix(asked.limits, `${argument}.keyPrefix`, keyPrefix);
    checkLeaseSeconds(asked.limits, `${argument}.leaseSeconds`, leaseSeconds);
    if (maxAttempts !== null) checkMaxAttempts(`${argument}.maxAttempts`, maxAttempts);
    const token = randomBytes(16).toString("base64url");
    const keys = prefixed(keyPrefix);
    return { kind: "claim", argument, namespace, keys, leaseSeconds, maxAttempts, token };
  },
  touches: () => [],
  sizeBytes: () => claimSizeBytes,
  decide(draft, { namespace, keys, leaseSeconds, maxAttempts, token }, { agent }) {
    for (;;) {
      const free = draft.firstFree(namespace, keys);
      if (!free) return { kind: "claimed", entry: null, claim: null };
      if (isExhausted(free, maxAttempts)) {
        deadLetter(draft, free);
        continue;
      }
      const granted = {
        ...claimStateOf(free),
        claimToken: token,
        claimAgent: agent,
        claimAttempt: free.claimAttempt + 1,
        claimMaxAttempts: maxAttempts ?? free.claimMaxAttempts,
        claimExpiresAt: secondsFromNow(draft, leaseSeconds),
      };
      const entry = draft.setClaim(free, granted);
      return { kind: "claimed", entry, claim: grantedClaim(granted) };
    }
  },
};
