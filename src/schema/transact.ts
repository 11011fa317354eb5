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
import { showWrittenEntries } from "./show-written-entries.ts";
import {
  batchComplexity,
  listInBatch,
  idempotencyKeyInput,
  keyInput,
  namespaceInput,
  payloadRevision,
} from "./mutation-fields.ts";

/** A condition of a transaction. */
export const transactCondition = builder.inputType("TransactCondition", {
  description:
    "A condition on one entry, checked before anything is written. Give either `revision` or `exists`.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    key: keyInput(t),
    revision: t.field({
      type: "Revision",
      description: 'The entry must be at this revision; `"0"`: it must not exist.',
    }),
    exists: t.boolean({ description: "Whether the entry must exist." }),
  }),
});

/** One write of a transaction. */
export const transactOperation = builder.inputType("TransactOperation", {
  description: "One write: exactly one of the fields.",
  isOneOf: true,
  fields: (t) => ({
    set: t.field({ type: setEntry.asOperation, description: "Like `setEntry`." }),
    delete: t.field({ type: deleteEntry.asOperation, description: "Like `deleteEntry`." }),
    increment: t.field({ type: incrementEntry.asOperation, description: "Like `incrementEntry`." }),
    patch: t.field({ type: patchEntry.asOperation, description: "Like `patchEntry`." }),
    append: t.field({ type: appendToEntry.asOperation, description: "Like `appendToEntry`." }),
    clear: t.field({ type: clearNamespace.asOperation, description: "Like `clearNamespace`." }),
    reopen: t.field({ type: reopenEntry.asOperation, description: "Like `reopenEntry`." }),
    requeue: t.field({ type: requeueEntry.asOperation, description: "Like `requeueEntry`." }),
  }),
});

/** The entry that an operation's result shows, if any. */
export function entryOf(result: OperationResult): Entry | null {
  return result.kind === "written" ? result.entry : null;
}

/** The result of one operation of a transaction. */
export const operationResult = builder.objectRef<OperationResult>("OperationResult").implement({
  description: "The result of one operation.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      nullable: true,
      description: "The entry right after the operation; null if the operation writes none.",
      resolve: entryOf,
    }),
    deleted: t.boolean({
      nullable: true,
      description: "For `delete`: whether an entry was deleted.",
      resolve: (result) => (result.kind === "deleted" ? result.deleted : null),
    }),
    clearedCount: t.int({
      nullable: true,
      description: "For `clear`: the number of deleted entries.",
      resolve: (result) => (result.kind === "cleared" ? result.clearedCount : null),
    }),
    reopened: t.boolean({
      nullable: true,
      description: "For `reopen`: whether a completed entry was reopened.",
      resolve: (result) => (result.kind === "reopened" ? result.reopened : null),
    }),
    requeued: t.boolean({
      nullable: true,
      description: "For `requeue`: whether a dead-lettered entry was requeued.",
      resolve: (result) => (result.kind === "requeued" ? result.requeued : null),
    }),
  }),
});

/** The description of the `results` field of a payload. */
export const resultsDescription =
  "The result of each operation, in the order of the input. Needs the scope `read`; without it nothing is written.";

const transactInput = builder.inputType("TransactInput", {
  description: "Conditions and operations, in any namespaces.",
  fields: (t) => ({
    conditions: t.field({
      type: [transactCondition],
      description:
        "If one does not hold, nothing is written. The error `CONFLICT` names the first one that does not hold (`argument`), and has the entry's `currentRevision` and `currentValue` if the token can read them.",
    }),
    operations: t.field({
      type: [transactOperation],
      required: true,
      description:
        "The writes, applied in this order: each one sees the result of those before it.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const transactPayload = builder.objectRef<CommandResult>("TransactPayload").implement({
  description: "The result of `transact`.",
  fields: (t) => ({
    results: t.field({
      type: [operationResult],
      complexity: listInBatch,
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
      "Applies several writes in any namespaces in one transaction: all or none. Their changes are consecutive in the log.",
    args: {
      input: t.arg({
        type: transactInput,
        required: true,
        description: "The conditions and the operations.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showWrittenEntries(
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
