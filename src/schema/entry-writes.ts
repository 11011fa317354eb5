import { badUserInput } from "../errors.ts";
import type { DeleteResult, SetResult } from "../store/command.ts";
import type { Entry } from "../store/entry.ts";
import type { SetInput } from "../store/store.ts";
import { builder } from "./builder.ts";
import { entryRef } from "./entry-ref.ts";
import { requireReadFor } from "./require-read-for.ts";
import { namespaceInput, payloadRevision } from "./write.ts";

const ifRevisionDescription =
  'Only if the entry is at this revision; `"0"`: only if there is none. Otherwise nothing is written and the error ' +
  "`CONFLICT` carries the `currentRevision` and `currentValue`. Left out, or null: whatever there is.";
const valueDescription =
  "The JSON value, which replaces the one before. Required, though it may be null: null is a value too.";
const metadataDescription =
  "A JSON object, merged into the entry's metadata at the top level. Left out: the metadata stays.";

const setEntryInput = builder.inputType("SetEntryInput", {
  description: "One key to set.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    key: t.string({ required: true, description: "The key." }),
    value: t.field({ type: "JSON", description: valueDescription }),
    metadata: t.field({ type: "JSON", description: metadataDescription }),
    ifRevision: t.field({ type: "Revision", description: ifRevisionDescription }),
  }),
});

const setEntriesItem = builder.inputType("SetEntriesItem", {
  description: "One of several keys to set.",
  fields: (t) => ({
    key: t.string({ required: true, description: "The key; each only once in a call." }),
    value: t.field({ type: "JSON", description: valueDescription }),
    metadata: t.field({ type: "JSON", description: metadataDescription }),
    ifRevision: t.field({ type: "Revision", description: ifRevisionDescription }),
  }),
});

const setEntriesInput = builder.inputType("SetEntriesInput", {
  description: "Several keys of one namespace to set.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    entries: t.field({
      type: [setEntriesItem],
      required: true,
      description: "The keys and their values, at least one.",
    }),
  }),
});

const deleteEntryInput = builder.inputType("DeleteEntryInput", {
  description: "One key to delete.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    key: t.string({ required: true, description: "The key." }),
    ifRevision: t.field({ type: "Revision", description: ifRevisionDescription }),
  }),
});

const setEntryPayload = builder.objectRef<SetResult>("SetEntryPayload").implement({
  description: "What `setEntry` came to.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      description: "The entry as it is now. Needs the scope `read`; without it nothing is written.",
      resolve: (result) => result.entries[0] as Entry,
    }),
    revision: payloadRevision(t),
  }),
});

const setEntriesPayload = builder.objectRef<SetResult>("SetEntriesPayload").implement({
  description: "What `setEntries` came to.",
  fields: (t) => ({
    entries: t.field({
      type: [entryRef],
      description:
        "The entries as they are now, in the order of the input. Needs the scope `read`; without it nothing is written.",
      resolve: (result) => [...result.entries],
    }),
    revision: payloadRevision(t),
  }),
});

const deleteEntryPayload = builder.objectRef<DeleteResult>("DeleteEntryPayload").implement({
  description: "What `deleteEntry` came to.",
  fields: (t) => ({
    deleted: t.exposeBoolean("deleted", {
      description: "Whether there was an entry to delete; without one nothing was written.",
    }),
    revision: payloadRevision(t),
  }),
});

/** GraphQL can't require an argument that may be null, so that is done here. */
function withValue<T extends { key: string; value?: unknown }>(
  argument: string,
  input: T,
): T & SetInput {
  if (input.value === undefined) {
    throw badUserInput(`${argument}.value`, "Is required. To store JSON's null, say value: null.");
  }
  return input as T & SetInput;
}

builder.mutationFields((t) => ({
  setEntry: t.field({
    type: setEntryPayload,
    description:
      "Sets a key to a value. Creates the entry, or replaces its value and merges its metadata.",
    args: {
      input: t.arg({ type: setEntryInput, required: true, description: "The key and its value." }),
    },
    resolve: (_mutation, { input }, { store, viewer }, info) => {
      requireReadFor(info, "entry", viewer);
      return store.setEntry(viewer, input.namespace, withValue("input", input));
    },
  }),
  setEntries: t.field({
    type: setEntriesPayload,
    description:
      "Sets several keys of one namespace, all or none: one refused condition and nothing is written. Each key is a change of its own in the log.",
    args: {
      input: t.arg({
        type: setEntriesInput,
        required: true,
        description: "The keys and their values.",
      }),
    },
    resolve: (_mutation, { input }, { store, viewer }, info) => {
      requireReadFor(info, "entries", viewer);
      return store.setEntries(
        viewer,
        input.namespace,
        input.entries.map((entry, index) => withValue(`input.entries.${index}`, entry)),
      );
    },
  }),
  deleteEntry: t.field({
    type: deleteEntryPayload,
    description: "Deletes a key's entry, if there is one.",
    args: { input: t.arg({ type: deleteEntryInput, required: true, description: "The key." }) },
    resolve: (_mutation, { input }, { store, viewer }) =>
      store.deleteEntry(viewer, input.namespace, input.key, input.ifRevision ?? null),
  }),
}));
