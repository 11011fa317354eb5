import type { InputFieldBuilder, ObjectFieldBuilder } from "@pothos/core";
import type { builder } from "./builder.ts";

// What the inputs and the payloads of mutations have in common.

type Types = typeof builder.$inferSchemaTypes;
type InputFields = InputFieldBuilder<Types, "InputObject">;

export const namespaceDescription =
  "The namespace. A token that does not cover it is answered FORBIDDEN.";

/** The namespace that a mutation writes to. */
export function namespaceInput(t: InputFields) {
  return t.string({
    required: true,
    defaultValue: "default",
    description: namespaceDescription,
  });
}

/** The key that a mutation is about. */
export function keyInput(t: InputFields) {
  return t.string({ required: true, description: "The key." });
}

export function ifRevisionInput(t: InputFields) {
  return t.field({
    type: "Revision",
    description:
      'Only if the entry is at this revision; `"0"`: only if there is none. Otherwise nothing is written and the error ' +
      "`CONFLICT` carries the `currentRevision` and `currentValue` if the token may read them. Left out, or null: whatever there is.",
  });
}

/** How long the entry lives. */
export function ttlInput(t: InputFields, leftOut: string) {
  return t.int({
    description: `Seconds that the entry lives from now on; \`0\`: for ever. Left out: ${leftOut}. Once they are over there is no such entry, and the change \`EXPIRED\` follows within a second.`,
  });
}

export function metadataInput(t: InputFields) {
  return t.field({
    type: "JSON",
    description:
      "A JSON object, merged into the entry's metadata at the top level. Left out: the metadata stays.",
  });
}

/** For every mutation. */
export function idempotencyKeyInput(t: InputFields) {
  return t.string({
    description:
      "Makes the call safe to repeat when its answer was lost: choose a new one for each call, such as a UUID. For 24 " +
      "hours a repeat with the same key and input is answered as the first was, and writes nothing; one with another " +
      "input, or from another agent, is refused. A token with other grants has keys of its own. A call that was refused, or found nothing to claim, may be repeated with its key.",
  });
}

/** The user's head after the write. */
export function payloadRevision<T extends { readonly revision: bigint }>(
  t: ObjectFieldBuilder<Types, T>,
) {
  return t.field({
    type: "Revision",
    description:
      "The latest revision of the user's log after the write: subscribe `after` it to see what others do next.",
    resolve: (result) => result.revision,
  });
}

/** What a mutation costs that answers with a list: what is selected, as often as the list may have items. */
export function batchComplexity(itemCount: number) {
  return { field: 1, multiplier: Math.max(1, itemCount) };
}
