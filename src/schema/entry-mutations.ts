import type { GraphQLResolveInfo } from "graphql";
import type { Entry } from "../store/model/entry.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { entryRef } from "./entry-ref.ts";
import {
  appendToEntry,
  createEntryInput,
  deleteEntry,
  incrementEntry,
  patchEntry,
  setEntry,
  setFields,
} from "./operations.ts";
import { selectsField } from "./selected-fields.ts";
import { listInPieces } from "./list-in-pieces.ts";
import { showWrittenEntries } from "./show-written-entries.ts";
import {
  batchComplexity,
  listInBatch,
  idempotencyKeyInput,
  namespaceInput,
  payloadRevision,
} from "./mutation-fields.ts";

const setEntriesItem = builder.inputType("SetEntriesItem", {
  description: "One of the keys to set.",
  fields: (t) => ({
    key: t.string({ required: true, description: "The key. A call can name each key only once." }),
    ...setFields(t),
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
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

/** The payload of a mutation that writes one entry. */
function entryPayload(mutation: string) {
  const name = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Payload`;
  return builder.objectRef<Revised & { readonly entry: Entry }>(name).implement({
    description: `The result of \`${mutation}\`.`,
    fields: (t) => ({
      entry: t.field({
        type: entryRef,
        description:
          "The entry after the write. Needs the scope `read`; without it nothing is written.",
        resolve: (result) => result.entry,
      }),
      revision: payloadRevision(t),
    }),
  });
}

const setEntriesPayload = builder
  .objectRef<Revised & { readonly entries: readonly Entry[] }>("SetEntriesPayload")
  .implement({
    description: "The result of `setEntries`.",
    fields: (t) => ({
      entries: t.field({
        type: [entryRef],
        complexity: listInBatch,
        description:
          "The entries after the write, in the order of the input. Needs the scope `read`; without it nothing is written.",
        resolve: (result, _args, context, info) => listInPieces(result.entries, context, info),
      }),
      revision: payloadRevision(t),
    }),
  });

const deleteEntryPayload = builder
  .objectRef<Revised & { readonly deleted: boolean }>("DeleteEntryPayload")
  .implement({
    description: "The result of `deleteEntry`.",
    fields: (t) => ({
      deleted: t.exposeBoolean("deleted", {
        description: "Whether an entry was deleted. If `false`, nothing was written.",
      }),
      revision: payloadRevision(t),
    }),
  });

const deleteEntriesInput = builder.inputType("DeleteEntriesInput", {
  description: "Several keys of one namespace to delete.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    keys: t.stringList({
      required: true,
      description: "The keys: from 1 to `maxBatchOperations`. A repeated key counts once.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const deleteEntriesPayload = builder
  .objectRef<Revised & { readonly deletedKeys: readonly string[] }>("DeleteEntriesPayload")
  .implement({
    description: "The result of `deleteEntries`.",
    fields: (t) => ({
      deletedCount: t.int({
        description: "The number of deleted entries. Keys without an entry do not count.",
        resolve: ({ deletedKeys }) => deletedKeys.length,
      }),
      deletedKeys: t.stringList({
        description: "The keys whose entries were deleted, in the order of the input.",
        resolve: ({ deletedKeys }) => [...deletedKeys],
      }),
      revision: payloadRevision(t),
    }),
  });

function showEntry<R extends { readonly entry: Entry }>(
  info: GraphQLResolveInfo,
  context: Context,
  { namespace }: { readonly namespace: string },
  write: () => Promise<R>,
): Promise<R> {
  return showWrittenEntries(info, context, "entry", [namespace], 1, write, ({ entry }) => [entry]);
}

builder.mutationFields((t) => ({
  setEntry: t.field({
    type: entryPayload("setEntry"),
    description:
      "Sets a key to a value. It creates the entry, or replaces the value and the expiry and merges the metadata.",
    args: {
      input: t.arg({
        type: setEntry.asInput,
        required: true,
        description: "The key and its value.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showEntry(info, context, input, () => context.writer.setEntry(context.viewer, input)),
  }),
  setEntries: t.field({
    type: setEntriesPayload,
    complexity: ({ input }) => batchComplexity(input.entries.length),
    description:
      "Sets several keys of one namespace in one step. If one condition fails, nothing is written. Each key is a separate change in the log.",
    args: {
      input: t.arg({
        type: setEntriesInput,
        required: true,
        description: "The keys and their values.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showWrittenEntries(
        info,
        context,
        "entries",
        [input.namespace],
        input.entries.length,
        () => context.writer.setEntries(context.viewer, input),
        ({ entries }) => entries,
      ),
  }),
  incrementEntry: t.field({
    type: entryPayload("incrementEntry"),
    description:
      "Adds to a number, or to a number inside an object, in one step. Concurrent increments are never lost. A missing number counts as 0. BAD_USER_INPUT if the current value is not a number.",
    args: {
      input: t.arg({
        type: incrementEntry.asInput,
        required: true,
        description: "The number, and what to add.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showEntry(info, context, input, () => context.writer.incrementEntry(context.viewer, input)),
  }),
  patchEntry: t.field({
    type: entryPayload("patchEntry"),
    description:
      "Applies a JSON Merge Patch (RFC 7396) to a value, in one step. Creates the entry if it does not exist.",
    args: {
      input: t.arg({
        type: patchEntry.asInput,
        required: true,
        description: "The key and the patch.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showEntry(info, context, input, () => context.writer.patchEntry(context.viewer, input)),
  }),
  appendToEntry: t.field({
    type: entryPayload("appendToEntry"),
    description:
      "Appends an item to an array, in one step. Creates the entry if it does not exist. BAD_USER_INPUT if the current value is not an array.",
    args: {
      input: t.arg({
        type: appendToEntry.asInput,
        required: true,
        description: "The key and the item.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showEntry(info, context, input, () => context.writer.appendToEntry(context.viewer, input)),
  }),
  createEntry: t.field({
    type: entryPayload("createEntry"),
    description:
      "Adds an entry under a key that the server chooses: `keyPrefix` followed by the revision of this change. The keys sort in commit order, so that many writers can append to one list and a reader can continue after the last key that it has read. An existing entry is never replaced: if the key exists, the server adds a suffix.",
    args: {
      input: t.arg({
        type: createEntryInput,
        required: true,
        description: "The value, and the prefix of its key.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showEntry(info, context, input, () => context.writer.createEntry(context.viewer, input)),
  }),
  deleteEntries: t.field({
    type: deleteEntriesPayload,
    complexity: ({ input }) => batchComplexity(input.keys.length),
    description:
      "Deletes several keys of one namespace in one step. Each key that holds an entry is a separate change in the log; the others are ignored.",
    args: {
      input: t.arg({ type: deleteEntriesInput, required: true, description: "The keys." }),
    },
    resolve: (_mutation, { input }, { writer, viewer, budget }, info) => {
      if (selectsField(info, "deletedKeys")) {
        const sizeBytes = input.keys.reduce((bytes, key) => bytes + Buffer.byteLength(key), 0);
        budget.requireRoomFor({ sizeBytes, nameBytes: 0 });
      }
      return writer.deleteEntries(viewer, input);
    },
  }),
  deleteEntry: t.field({
    type: deleteEntryPayload,
    description: "Deletes the entry of a key, if it exists.",
    args: {
      input: t.arg({ type: deleteEntry.asInput, required: true, description: "The key." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.deleteEntry(viewer, input),
  }),
}));
