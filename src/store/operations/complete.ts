import type { JsonText } from "../../json/json-text.ts";
import { checkValue } from "../model/limits.ts";
import { readHeld, requireHeld, type Held, type HeldInput } from "./held-claim.ts";
import { baseSizeBytes, type EntryWrite, type OperationType } from "./operation.ts";
import { readEntryWrite, type EntryWriteInput, type Optional } from "./read-input.ts";
import { entryAfter, expiryAfter } from "./write-entry.ts";

export interface CompleteInput extends HeldInput, Omit<EntryWriteInput, "ifRevision"> {
  /** Undefined: the value is kept. */
  readonly value?: Optional<JsonText>;
}

/** Writes the result of a claimed entry, and marks the entry as completed. */
export interface CompleteOperation extends Held, Pick<EntryWrite, "metadata" | "ttlSeconds"> {
  readonly kind: "complete";
  /** Serialised JSON; null keeps the value. */
  readonly value: string | null;
}

export const completeOperation: OperationType<CompleteInput, CompleteOperation> = {
  read(asked, argument, input) {
    const entry = { ...input, ifRevision: null };
    const { metadata, ttlSeconds } = readEntryWrite(asked, argument, entry, "claim");
    const value =
      input.value === undefined ? null : checkValue(asked.limits, `${argument}.value`, input.value);
    return { kind: "complete", ...readHeld(asked, argument, input), value, metadata, ttlSeconds };
  },
  touches: ({ namespace, key, value }) => [{ namespace, key, withValue: value === null }],
  sizeBytes: ({ key, value }) => baseSizeBytes + key.length + (value?.length ?? 0),
  decide(draft, operation, { limits, agent }) {
    const held = requireHeld(draft, operation);
    const entry = {
      ...entryAfter(draft, limits, agent, held, {
        ...operation,
        value: operation.value ?? draft.value(held),
        expiresAt: expiryAfter(draft.now, operation.ttlSeconds, held.expiresAt),
      }),
      claimToken: null,
      claimAgent: null,
      claimExpiresAt: null,
      claimFailedAt: null,
      claimError: null,
      isCompleted: true,
    };
    draft.write(entry);
    draft.claimEvents.push("completed");
    return { kind: "written", entry };
  },
};
