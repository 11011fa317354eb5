import type { InputFieldBuilder, ObjectFieldBuilder } from "@pothos/core";
import type { builder } from "./builder.ts";

// Input fields and payload fields that mutations share.

type Types = typeof builder.$inferSchemaTypes;
type InputFields = InputFieldBuilder<Types, "InputObject">;

export const namespaceDescription = "The namespace. FORBIDDEN if the token does not cover it.";

/** The namespace that a mutation writes to. */
export function namespaceInput(t: InputFields) {
  return t.string({
    required: true,
    defaultValue: "default",
    description: namespaceDescription,
  });
}

/** The key of a mutation. */
export function keyInput(t: InputFields) {
  return t.string({ required: true, description: "The key." });
}

/** The fields that identify a claim and prove it. */
export function heldFields(t: InputFields) {
  return {
    namespace: namespaceInput(t),
    key: keyInput(t),
    token: t.string({ required: true, description: "The claim's token." }),
  };
}

/** The error of every mutation that needs an active claim. */
export const lostDescription = "`CLAIM_LOST` if the claim has ended; then nothing is written.";

export function ifRevisionInput(t: InputFields) {
  return t.field({
    type: "Revision",
    description:
      'Write only if the entry is at this revision; `"0"`: only if it does not exist. Otherwise nothing is written, and the ' +
      "error `CONFLICT` has the `currentRevision` and `currentValue` if the token can read them. Default, or null: no condition.",
  });
}

/** The lifetime of the entry. `leftOut` says what happens without it. */
export function ttlInput(t: InputFields, leftOut: string) {
  return t.int({
    description: `Lifetime of the entry in seconds from now; \`0\`: it does not expire. Default: ${leftOut}. Once the entry has expired it no longer exists, and the change \`EXPIRED\` follows within a second.`,
  });
}

export function metadataInput(t: InputFields) {
  return t.field({
    type: "JSON",
    description:
      "A JSON object that is merged into the entry's metadata at the top level. Default: the metadata is kept.",
  });
}

/** The idempotency key that every mutation takes. */
export function idempotencyKeyInput(t: InputFields) {
  return t.string({
    description:
      "Makes the call safe to repeat if its response is lost. Choose a new key for each call, such as a UUID. For 24 " +
      "hours, a repeat with the same key and input returns the first response and writes nothing. A repeat with another " +
      "input, or by another agent, is refused. Tokens with different grants do not share keys. A call that was refused, or claimed nothing, can be repeated with the same key.",
  });
}

/** The user's head revision after the write. */
export function payloadRevision<T extends { readonly revision: bigint }>(
  t: ObjectFieldBuilder<Types, T>,
) {
  return t.field({
    type: "Revision",
    description:
      "The latest revision of the user's log after the write. Subscribe with `after` and this revision to receive the changes that follow.",
    resolve: (result) => result.revision,
  });
}

/** The complexity of a mutation that returns a list: the selected fields for each of its items. */
export function batchComplexity(itemCount: number) {
  return { field: 1, multiplier: Math.max(1, itemCount) };
}

/** The complexity of that list. The mutation already multiplies it. */
export const listInBatch = { field: 1, multiplier: 1 };
