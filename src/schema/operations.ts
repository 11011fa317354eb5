import type { InputFieldBuilder, InputFieldMap } from "@pothos/core";
import { builder } from "./builder.ts";
import {
  idempotencyKeyInput,
  ifRevisionInput,
  keyInput,
  metadataInput,
  namespaceInput,
  ttlInput,
} from "./write.ts";

// Each write is an operation, which transact takes, and with an idempotency key the input of a mutation.

type InputFields = InputFieldBuilder<typeof builder.$inferSchemaTypes, "InputObject">;

const keepsTtl = "as it was";

function place(t: InputFields) {
  return { namespace: namespaceInput(t), key: keyInput(t) };
}

function entryWrite(t: InputFields) {
  return {
    metadata: metadataInput(t),
    ifRevision: ifRevisionInput(t),
    ttlSeconds: ttlInput(t, keepsTtl),
  };
}

/** A key's new value. */
export function setFields(t: InputFields) {
  return {
    value: t.field({
      type: "JSON",
      description:
        "The JSON value, which replaces the one before. Required, though it may be null: null is a value too.",
    }),
    metadata: metadataInput(t),
    ifRevision: ifRevisionInput(t),
    ttlSeconds: ttlInput(t, "for ever"),
  };
}

/** An operation of `transact`, and the input of the mutation that does the same. */
function inputsOf<Fields extends InputFieldMap>(
  name: string,
  description: string,
  fields: (t: InputFields) => Fields,
) {
  return {
    asOperation: builder.inputType(`${name}Operation`, { description, fields }),
    asInput: builder.inputType(`${name}Input`, {
      description,
      fields: (t) => ({ ...fields(t), idempotencyKey: idempotencyKeyInput(t) }),
    }),
  };
}

export const setEntry = inputsOf("SetEntry", "One key to set.", (t) => ({
  ...place(t),
  ...setFields(t),
}));

/** Only a mutation: `transact` names the keys that it writes. */
export const createEntryInput = builder.inputType("CreateEntryInput", {
  description: "An entry to add under a key that the server chooses.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    keyPrefix: t.string({
      required: true,
      defaultValue: "",
      description:
        "What the key begins with, such as `event:`. The revision of the change follows, with zeros in front that make it 19 digits.",
    }),
    value: t.field({
      type: "JSON",
      description: "The JSON value. Required, though it may be null: null is a value too.",
    }),
    metadata: t.field({
      type: "JSON",
      description: "The entry's metadata, a JSON object. Left out: `{}`.",
    }),
    ttlSeconds: ttlInput(t, "for ever"),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

export const deleteEntry = inputsOf("DeleteEntry", "One key to delete.", (t) => ({
  ...place(t),
  ifRevision: ifRevisionInput(t),
}));

export const incrementEntry = inputsOf("IncrementEntry", "A number to add to.", (t) => ({
  ...place(t),
  by: t.float({
    required: true,
    defaultValue: 1,
    description:
      "What to add; less than 0 subtracts. A whole number is at most 9007199254740991. It is added to an integer exactly, up to 1,000 digits. Numbers with a fraction or an exponent are added as 64-bit floats; a sum that these cannot hold is refused.",
  }),
  path: t.string({
    description:
      "Where the number is inside the value, as a JSON Pointer (RFC 6901) such as `/totals/done`. Objects on the way are made where there is nothing. Left out, or empty: the value itself.",
  }),
  ...entryWrite(t),
}));

export const patchEntry = inputsOf("PatchEntry", "A JSON Merge Patch to apply.", (t) => ({
  ...place(t),
  patch: t.field({
    type: "JSON",
    description:
      "The patch (RFC 7396): objects are merged at every level, `null` removes a member, anything else replaces what there is. Required.",
  }),
  ...entryWrite(t),
}));

export const appendToEntry = inputsOf("AppendToEntry", "An item to append to an array.", (t) => ({
  ...place(t),
  value: t.field({
    type: "JSON",
    description: "The item, any JSON value. Required, though it may be null.",
  }),
  maxLength: t.int({
    description: "Keep no more items than this, the newest. Left out: all.",
  }),
  ...entryWrite(t),
}));

export const clearNamespace = inputsOf("ClearNamespace", "A namespace to clear.", (t) => ({
  namespace: namespaceInput(t),
}));

export const reopenEntry = inputsOf("ReopenEntry", "One completed key to reopen.", place);

export const requeueEntry = inputsOf("RequeueEntry", "One dead-lettered key to requeue.", place);
