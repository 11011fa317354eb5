import type { CommandResult } from "../store/commit/command.ts";
import type { OperationResult } from "../store/operations/operation.ts";
import type { Entry } from "../store/model/entry.ts";
import { namespacesOf } from "../store/operations/operations.ts";
import { builder } from "./builder.ts";
import { entryRef } from "./entry-ref.ts";
import {
  appendToEntry,
  clearNamespace,
  deleteEntry,
  incrementEntry,
  patchEntry,
  reopenEntry,
  requeueEntry,
  setEntry,
} from "./operations.ts";
import { listInPieces } from "./list-in-pieces.ts";
import { showWritten } from "./show-written.ts";
import {
  batchComplexity,
  idempotencyKeyInput,
  keyInput,
  namespaceInput,
  payloadRevision,
} from "./write.ts";

/** What must hold before a transaction does anything. */
export const transactCondition = builder.inputType("TransactCondition", {
  description:
    "What must hold of one entry before anything is done. Say one of `revision` and `exists`.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    key: keyInput(t),
    revision: t.field({
      type: "Revision",
      description: 'The entry must be at this revision; `"0"`: there must be none.',
    }),
    exists: t.boolean({ description: "Whether there must be an entry." }),
  }),
});

/** One of several writes. */
export const transactOperation = builder.inputType("TransactOperation", {
  description: "One write: exactly one of the fields.",
  isOneOf: true,
  fields: (t) => ({
    set: t.field({ type: setEntry.asOperation, description: "As `setEntry`." }),
    delete: t.field({ type: deleteEntry.asOperation, description: "As `deleteEntry`." }),
    increment: t.field({ type: incrementEntry.asOperation, description: "As `incrementEntry`." }),
    patch: t.field({ type: patchEntry.asOperation, description: "As `patchEntry`." }),
    append: t.field({ type: appendToEntry.asOperation, description: "As `appendToEntry`." }),
    clear: t.field({ type: clearNamespace.asOperation, description: "As `clearNamespace`." }),
    reopen: t.field({ type: reopenEntry.asOperation, description: "As `reopenEntry`." }),
    requeue: t.field({ type: requeueEntry.asOperation, description: "As `requeueEntry`." }),
  }),
});

/** What an operation's result shows of an entry. */
export function entryOf(result: OperationResult): Entry | null {
  return result.kind === "written" ? result.entry : null;
}

/** What one of a transaction's operations came to. */
export const operationResult = builder.objectRef<OperationResult>("OperationResult").implement({
  description: "What one of the operations came to.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      nullable: true,
      description: "The entry right after the operation; null after an operation that writes none.",
      resolve: entryOf,
    }),
    deleted: t.boolean({
      nullable: true,
      description: "Of a delete: whether there was an entry to delete.",
      resolve: (result) => (result.kind === "deleted" ? result.deleted : null),
    }),
    clearedCount: t.int({
      nullable: true,
      description: "Of a clear: how many entries were deleted.",
      resolve: (result) => (result.kind === "cleared" ? result.clearedCount : null),
    }),
    reopened: t.boolean({
      nullable: true,
      description: "Of a reopen: whether there was a completed entry to reopen.",
      resolve: (result) => (result.kind === "reopened" ? result.reopened : null),
    }),
    requeued: t.boolean({
      nullable: true,
      description: "Of a requeue: whether there was a dead-lettered entry to requeue.",
      resolve: (result) => (result.kind === "requeued" ? result.requeued : null),
    }),
  }),
});

/** What the results of operations are called, in a payload. */
export const resultsDescription =
  "What each operation came to, in their order. Needs the scope `read`; without it nothing is written.";

const transactInput = builder.inputType("TransactInput", {
  description: "Conditions and operations, across namespaces.",
  fields: (t) => ({
    conditions: t.field({
      type: [transactCondition],
      description:
        "All must hold, or nothing is written and the error `CONFLICT` names the first that does not (`argument`) with the entry's `currentRevision` and `currentValue` if the token may read them.",
    }),
    operations: t.field({
      type: [transactOperation],
      required: true,
      description: "Done in this order: each finds what those before it left.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const transactPayload = builder.objectRef<CommandResult>("TransactPayload").implement({
  description: "What `transact` came to.",
  fields: (t) => ({
    results: t.field({
      type: [operationResult],
      description: resultsDescription,
      resolve: ({ results }, _args, context, info) => listInPieces(results, context, info),
    }),
    revision: payloadRevision(t),
  }),
});

builder.mutationField("transact", (t) =>
  t.field({
    type: transactPayload,
    complexity: ({ input }) => batchComplexity(input.operations.length),
    description:
      "Several writes, across namespaces, all or none. Their changes lie side by side in the log.",
    args: {
      input: t.arg({
        type: transactInput,
        required: true,
        description: "The conditions and the operations.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showWritten(
        info,
        context,
        "results",
        namespacesOf(input.operations),
        input.operations.length,
        () => context.writer.transact(context.viewer, input),
        ({ results }) => results.map(entryOf),
      ),
  }),
);
