import type { InputFieldBuilder, ObjectFieldBuilder } from "@pothos/core";
import type { builder } from "./builder.ts";

// What the inputs and the payloads of all mutations have in common.

type Types = typeof builder.$inferSchemaTypes;

export const namespaceDescription =
  "The namespace. A token that does not cover it is answered FORBIDDEN.";

/** The namespace that a mutation writes to. */
export function namespaceInput(t: InputFieldBuilder<Types, "InputObject">) {
  return t.string({
    required: true,
    defaultValue: "default",
    description: namespaceDescription,
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
