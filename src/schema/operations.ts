import type { InputFieldBuilder, InputFieldMap } from "@pothos/core";
import { builder } from "./builder.ts";
import {
  idempotencyKeyInput,
  ifRevisionInput,
  keyInput,
  metadataInput,
  namespaceInput,
  ttlInput,
} from "./mutation-fields.ts";

// Each write is an operation of `transact`. As a mutation's input, it also has an idempotency key.

type InputFields = InputFieldBuilder<typeof builder.$inferSchemaTypes, "InputObject">;

const keepsTtl = "the expiry is kept";

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

/** The fields that set a key's value. */
export function setFields(t: InputFields) {
  return {
    value: t.field({
      type: "JSON",
      description:
        "The JSON value, which replaces the current one. Required, but it can be null, which is a value too.",
    }),
    metadata: metadataInput(t),
    ifRevision: ifRevisionInput(t),
    ttlSeconds: ttlInput(t, "it does not expire"),
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

/** Only a mutation, not an operation of `transact`, whose keys must be known in advance. */
export const createEntryInput = builder.inputType("CreateEntryInput", {
  description: "An entry to add under a key that the server chooses.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    keyPrefix: t.string({
      required: true,
      defaultValue: "",
      description:
        "The prefix of the key, such as `event:`. The revision of the change follows, padded with zeros to 19 digits.",
    }),
    value: t.field({
      type: "JSON",
      description: "The JSON value. Required, but it can be null, which is a value too.",
    }),
    metadata: t.field({
      type: "JSON",
      description: "The entry's metadata, a JSON object. Default: `{}`.",
    }),
    ttlSeconds: ttlInput(t, "it does not expire"),
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
      "The amount to add; a negative one subtracts. A whole number is at most 9007199254740991, and is added to an integer exactly, up to 1,000 digits. Numbers with a fraction or an exponent are added as 64-bit floats. A sum outside their range is refused.",
  }),
  path: t.string({
    description:
      "The number inside the value, as a JSON Pointer (RFC 6901) such as `/totals/done`. Missing objects on the path are created. Default, or empty: the value itself.",
  }),
  ...entryWrite(t),
}));

export const patchEntry = inputsOf("PatchEntry", "A JSON Merge Patch to apply.", (t) => ({
  ...place(t),
  patch: t.field({
    type: "JSON",
    description:
      "The patch (RFC 7396): objects are merged at every level, `null` removes a member, and any other value replaces the current one. Required.",
  }),
  ...entryWrite(t),
}));

export const appendToEntry = inputsOf("AppendToEntry", "An item to append to an array.", (t) => ({
  ...place(t),
  value: t.field({
    type: "JSON",
    description: "The item, any JSON value. Required, but it can be null.",
  }),
  maxLength: t.int({
    description: "The largest number of items; the oldest items are removed. Default: no limit.",
  }),
  ...entryWrite(t),
}));

export const clearNamespace = inputsOf("ClearNamespace", "A namespace to clear.", (t) => ({
  namespace: namespaceInput(t),
}));

export const reopenEntry = inputsOf("ReopenEntry", "One completed key to reopen.", place);

export const requeueEntry = inputsOf("RequeueEntry", "One dead-lettered key to requeue.", place);
