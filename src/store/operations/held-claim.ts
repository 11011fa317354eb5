import { BatonError } from "../../errors.ts";
import type { Draft } from "../commit/draft.ts";
import { isHeld, type StoredHead } from "../model/claim.ts";
import type { Place } from "../model/place.ts";
import type { Argument, Asked } from "./operation.ts";
import { readPlace } from "./read-input.ts";

// What the operations on a claim that a worker holds have in common.

/** The input of an operation on a claim. */
export interface HeldInput extends Place {
  readonly token: string;
}

/** An operation on a claim. */
export interface Held extends HeldInput, Argument {}

/** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function readHeld(asked: Asked, argument: string, input: HeldInput): Held {
  return { ...readPlace(asked, argument, input), token: input.token };
}

/** When a lease ends that begins now. */
export function leaseEnd({ now }: Draft, leaseSeconds: number): Date {
  return new Date(now.getTime() + leaseSeconds * 1_000);
}

/**
 * The entry that the token's claim holds (G11).
 * @throws CLAIM_LOST if it holds none
 */
export function requireHeld(draft: Draft, held: Held): StoredHead {
  const { argument, namespace, key, token } = held;
  const head = draft.entry(held);
  if (head && head.claimToken === token && isHeld(head, draft.now)) return head;
  throw new BatonError(
    "CLAIM_LOST",
    `This claim of ${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)} is over: ${reason(head, token)}. ` +
      "Nothing was changed. Give this work up and claim again.",
    { argument: `${argument}.token`, namespace, key },
  );
}

function reason(head: StoredHead | null, token: string): string {
  if (!head) return "there is no such entry any more";
  if (head.isCompleted) return "it is completed";
  if (head.claimToken === token) return "its lease has ended";
  return "it was released or its lease ended, and another may have it now";
}
