import { BatonError } from "../../errors.ts";
import type { Draft } from "../commit/draft.ts";
import type { LoadedEntry } from "../commit/state.ts";
import { isExhausted, isHeld, type ClaimState, type StoredHead } from "../model/claim.ts";
import { checkDelaySeconds } from "../model/limits.ts";
import type { Place } from "../model/place.ts";
import type { Argument, Asked } from "./operation.ts";
import { readPlace, type Optional } from "./read-input.ts";

// What the operations on a worker's claim share.

/** The input of an operation on a claim. */
export interface HeldInput extends Place {
  readonly token: string;
}

/** An operation on a claim. */
export interface Held extends HeldInput, Argument {}

/** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function readHeld(asked: Asked, argument: string, input: HeldInput): Held {
  return { ...readPlace(asked, argument, input, "claim"), token: input.token };
}

export function secondsFromNow({ now }: Draft, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1_000);
}

/** The claim fields of an entry that no claim holds. */
const noClaim = { claimToken: null, claimAgent: null };

/** Dead-letters an entry: it is kept for the operator, but not claimed again. */
export function deadLetter(draft: Draft, entry: LoadedEntry, more: Partial<ClaimState> = {}): void {
  const over = { ...noClaim, claimExpiresAt: null, isDeadLettered: true };
  draft.setClaim(entry, { ...more, ...over });
}

/**
 * Ends a claim without a result. The entry can be claimed again after a delay, or is dead-lettered if it is exhausted.
 * @returns when the entry can be claimed again; null if it is dead-lettered
 */
export function giveBack(
  draft: Draft,
  entry: LoadedEntry,
  delaySeconds: number,
  more: Partial<ClaimState> = {},
): Date | null {
  if (isExhausted(entry, null)) {
    deadLetter(draft, entry, more);
    return null;
  }
  const claimableAt = secondsFromNow(draft, delaySeconds);
  const claimExpiresAt = delaySeconds === 0 ? null : claimableAt;
  draft.setClaim(entry, { ...more, ...noClaim, claimExpiresAt });
  return claimableAt;
}

/** @throws BAD_USER_INPUT, LIMIT_EXCEEDED */
export function readDelay(
  { limits }: Asked,
  argument: string,
  delaySeconds: Optional<number>,
): number | null {
  if (delaySeconds == null) return null;
  checkDelaySeconds(limits, `${argument}.delaySeconds`, delaySeconds);
  return delaySeconds;
}

/**
 * Returns the entry that the token's claim holds (G11).
 * @throws CLAIM_LOST if the claim does not hold it any more
 */
export function requireHeld(draft: Draft, held: Held): LoadedEntry {
  const { argument, namespace, key, token } = held;
  const head = draft.entry(held);
  if (head && head.claimToken === token && isHeld(head, draft.now)) return head;
  throw new BatonError(
    "CLAIM_LOST",
    `This claim of ${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)} has ended: ${reason(head, token)}. ` +
      "Nothing was changed. Stop this work and claim again.",
    { argument: `${argument}.token`, namespace, key },
  );
}

function reason(head: StoredHead | null, token: string): string {
  if (!head) return "the entry no longer exists";
  if (head.isCompleted) return "it is completed";
  if (head.isDeadLettered) return "it is dead-lettered";
  if (head.claimToken === token) return "its lease has ended";
  return "it was released or failed, or its lease ended, and another worker may hold the entry now";
}
