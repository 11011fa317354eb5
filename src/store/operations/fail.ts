import type { JsonText } from "../../json/json-text.ts";
import { checkClaimError } from "../model/limits.ts";
import { failureDelaySeconds } from "../model/retry-delay.ts";
import {
  deadLetter,
  giveBack,
  readDelay,
  readHeld,
  requireHeld,
  type Held,
  type HeldInput,
} from "./held-claim.ts";
import { baseSizeBytes, type OperationType } from "./operation.ts";
import type { Optional } from "./read-input.ts";

export interface FailInput extends HeldInput {
  readonly error?: Optional<JsonText>;
  readonly delaySeconds?: Optional<number>;
  readonly retry: boolean;
}

/** Ends a claim whose work failed. The entry can be claimed again after a delay, or is dead-lettered. */
export interface FailOperation extends Held {
  readonly kind: "fail";
  /** The error, as serialised JSON; null without one. */
  readonly error: string | null;
  /** How long the entry cannot be claimed; null: depends on the number of attempts. */
  readonly delaySeconds: number | null;
  /** False: dead-letter the entry, because another attempt would fail as well. */
  readonly retry: boolean;
}

export const failOperation: OperationType<FailInput, FailOperation> = {
  read(asked, argument, input) {
    const { error, retry } = input;
    return {
      kind: "fail",
      ...readHeld(asked, argument, input),
      error: error == null ? null : checkClaimError(asked.limits, `${argument}.error`, error),
      delaySeconds: readDelay(asked, argument, input.delaySeconds),
      retry,
    };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key, error }) => baseSizeBytes + key.length + (error?.length ?? 0),
  decide(draft, operation) {
    const held = requireHeld(draft, operation);
    draft.claimEvents.push("failed");
    const failure = { claimFailedAt: draft.now, claimError: operation.error };
    if (!operation.retry) {
      deadLetter(draft, held, failure);
      return { kind: "released", claimableAt: null };
    }
    const delaySeconds = operation.delaySeconds ?? failureDelaySeconds(held.claimAttempt);
    return { kind: "released", claimableAt: giveBack(draft, held, delaySeconds, failure) };
  },
};
