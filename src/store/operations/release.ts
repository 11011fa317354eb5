import { releaseDelaySeconds } from "../model/retry-delay.ts";
import {
  giveBack,
  readDelay,
  readHeld,
  requireHeld,
  type Held,
  type HeldInput,
} from "./held-claim.ts";
import { baseSizeBytes, type OperationType } from "./operation.ts";
import type { Optional } from "./read-input.ts";

export interface ReleaseInput extends HeldInput {
  readonly delaySeconds?: Optional<number>;
}

/** Releases a claimed entry, so that another worker can claim it. */
export interface ReleaseOperation extends Held {
  readonly kind: "release";
  /** How long the entry cannot be claimed; null: depends on the number of attempts. */
  readonly delaySeconds: number | null;
}

export const releaseOperation: OperationType<ReleaseInput, ReleaseOperation> = {
  read(asked, argument, input) {
    const held = readHeld(asked, argument, input);
    return {
      kind: "release",
      ...held,
      delaySeconds: readDelay(asked, argument, input.delaySeconds),
    };
  },
  touches: ({ namespace, key }) => [{ namespace, key, withValue: false }],
  sizeBytes: ({ key }) => baseSizeBytes + key.length,
  decide(draft, operation) {
    const held = requireHeld(draft, operation);
    draft.claimEvents.push("released");
    const delaySeconds = operation.delaySeconds ?? releaseDelaySeconds(held.claimAttempt);
    return { kind: "released", claimableAt: giveBack(draft, held, delaySeconds) };
  },
};
