import { randomBytes } from "node:crypto";
import type { Draft } from "../commit/draft.ts";
import type { LoadedEntry } from "../commit/state.ts";
import { claimStateOf, grantedClaim, isExhausted, isFree } from "../model/claim.ts";
import { checkKeyPrefix, checkLeaseSeconds, checkMaxAttempts } from "../model/limits.ts";
import { prefixed, type TextMatch } from "../model/text-match.ts";
import type { WhereInput } from "../model/where.ts";
import { baseSizeBytes, type Argument, type OperationType } from "./operation.ts";
import { deadLetter, secondsFromNow } from "./held-claim.ts";
import { requireWrite, type Optional } from "./read-input.ts";

export interface ClaimInput {
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly leaseSeconds: number;
  readonly maxAttempts?: Optional<number>;
  readonly where?: Optional<readonly WhereInput[]>;
}

/** An entry that matches a filter, at the revision whose value matches. */
export interface Candidate {
  readonly key: string;
  readonly revision: bigint;
}

/** Claims the first free entry, in key order. Exhausted entries before it are dead-lettered. */
export interface ClaimOperation extends Argument {
  readonly kind: "claim";
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly leaseSeconds: number;
  /** How many times the entry can be claimed; null: the limit of its latest claim applies. */
  readonly maxAttempts: number | null;
  /** The token of the claim, if an entry is granted. */
  readonly token: string;
  /** With a filter: the matching entries. One of them is granted if it has not changed. Undefined: no filter. */
  readonly candidates?: readonly Candidate[];
}

/** The size of a claim's response, which shows a value whose size is not known while the claim waits. */
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
  touches: ({ namespace, candidates = [] }) =>
    candidates.map(({ key }) => ({ namespace, key, withValue: false })),
  sizeBytes: ({ candidates = [] }) => claimSizeBytes + candidates.length * baseSizeBytes,
  decide(draft, operation, { agent }) {
    const { leaseSeconds, maxAttempts, token } = operation;
    for (const free of freeEntries(draft, operation)) {
      if (free.claimToken !== null) draft.claimEvents.push("expired");
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
      draft.claimEvents.push("granted");
      return { kind: "claimed", entry, claim: grantedClaim(granted) };
    }
    return { kind: "claimed", entry: null, claim: null };
  },
};

/** The free entries in key order. The caller must claim or dead-letter each one before it requests the next. */
function* freeEntries(
  draft: Draft,
  { namespace, keys, candidates }: ClaimOperation,
): Generator<LoadedEntry, void> {
  if (candidates === undefined) {
    for (let free = draft.firstFree(namespace, keys); free !== null;) {
      yield free;
      free = draft.firstFree(namespace, keys);
    }
    return;
  }
  for (const { key, revision } of candidates) {
    const entry = draft.entry({ namespace, key });
    // At another revision the value can differ.
    if (entry?.revision === revision && isFree(entry, draft.now)) yield entry;
  }
}
