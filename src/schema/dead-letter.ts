import { JsonText } from "../json/json-text.ts";
import type { StoredEntry } from "../store/model/claim.ts";
import { shownEntry } from "../store/model/entry.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeNameCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  pageComplexity,
  statementComplexity,
} from "./connection.ts";
import { keyPrefixDescription } from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import { reopenEntry, requeueEntry } from "./operations.ts";
import { namespaceDescription, payloadRevision } from "./mutation-fields.ts";

// Entries that are not claimed again: dead-lettered and completed ones.

const deadLetterRef = builder.objectRef<StoredEntry>("DeadLetter").implement({
  description: "A dead-lettered entry: it is not claimed again, because the work on it failed.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      description: "The entry.",
      resolve: (entry) => shownEntry(entry),
    }),
    attempt: t.exposeInt("claimAttempt", {
      description: "How many times it was claimed.",
    }),
    maxAttempts: t.exposeInt("claimMaxAttempts", {
      nullable: true,
      description: "How many times it could be claimed; null without a limit.",
    }),
    failedAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "Time of the latest `failClaim`; null if there was none, because its workers released it or their leases ended.",
      resolve: (entry) => entry.claimFailedAt,
    }),
    error: t.field({
      type: "JSON",
      nullable: true,
      description: "The `error` of the latest `failClaim`; null if it had none.",
      resolve: ({ claimError }) => (claimError === null ? null : new JsonText(claimError)),
    }),
  }),
});

const claimStateRef = builder.objectRef<StoredEntry>("ClaimState").implement({
  description:
    "The state of the work on an entry. If the entry is not completed, dead-lettered or delayed, the next `claimEntry` can claim it.",
  fields: (t) => ({
    attempt: t.exposeInt("claimAttempt", {
      description: "How many times it was claimed since it was created, reopened or requeued.",
    }),
    maxAttempts: t.exposeInt("claimMaxAttempts", {
      nullable: true,
      description:
        "How many times it can be claimed, as set by the latest `claimEntry` that gave a limit; null without a limit.",
    }),
    claimableAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "The entry cannot be claimed before this time of the database's clock, which can be in the past. It is the end of a lease, or of the delay after a claim. Null if there is neither.",
      resolve: (entry) => entry.claimExpiresAt,
    }),
    completed: t.exposeBoolean("isCompleted", {
      description: "Whether it is completed: it is not claimed again until `reopenEntry`.",
    }),
    deadLettered: t.exposeBoolean("isDeadLettered", {
      description: "Whether it is dead-lettered: it is not claimed again until `requeueEntry`.",
    }),
    failedAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "Time of the latest `failClaim`; null if there was none, or the entry is completed.",
      resolve: (entry) => entry.claimFailedAt,
    }),
    error: t.field({
      type: "JSON",
      nullable: true,
      description: "The `error` of the latest `failClaim`; null if it had none.",
      resolve: ({ claimError }) => (claimError === null ? null : new JsonText(claimError)),
    }),
  }),
});

const deadLetterConnection = connectionOf("DeadLetter", "dead-lettered entries", deadLetterRef);

builder.queryField("deadLetters", (t) =>
  t.field({
    type: deadLetterConnection,
    complexity: pageComplexity,
    description:
      "The dead-lettered entries of a namespace, sorted by key. They were claimed as often as `maxAttempts` allows, or failed with `retry: false`. They stay until `requeueEntry` or a delete. If the lease of the last attempt ended without a result, the entry is listed after the next `claimEntry` of the namespace has examined it; until then a `claimEntry` with a higher `maxAttempts` can still claim it.",
    args: {
      namespace: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only entries after this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { namespace, keyPrefix, first, after }, { store, viewer, budget }) => {
      const read = store.claims.listDeadLetters(viewer, {
        namespace,
        keyPrefix: keyPrefix ?? "",
        first: first ?? defaultPageSize,
        after: after == null ? null : decodeNameCursor(after),
      });
      const page = await budget.showRead(read, ({ items }) => items.map(sizeWithError));
      return { ...page, cursorOf: ({ key }: StoredEntry) => encodeCursor([key]) };
    },
  }),
);

function sizeWithError({ namespace, key, sizeBytes, claimError }: StoredEntry) {
  return { namespace, key, sizeBytes: sizeBytes + Buffer.byteLength(claimError ?? "") };
}

builder.queryField("claimState", (t) =>
  t.field({
    type: claimStateRef,
    nullable: true,
    complexity: statementComplexity,
    description:
      "The state of the work on an entry, without claiming it; null if the entry does not exist.",
    args: {
      namespace: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
      key: t.arg.string({ required: true, description: "The key." }),
    },
    resolve: (_query, { namespace, key }, { store, viewer, budget }) =>
      budget.showRead(store.claims.read(viewer, namespace, key), (entry) =>
        entry ? [sizeWithError(entry)] : [],
      ),
  }),
);

const reopenEntryPayload = builder
  .objectRef<Revised & { readonly reopened: boolean }>("ReopenEntryPayload")
  .implement({
    description: "The result of `reopenEntry`.",
    fields: (t) => ({
      reopened: t.exposeBoolean("reopened", {
        description: "Whether a completed entry was reopened. If `false`, nothing was changed.",
      }),
      revision: payloadRevision(t),
    }),
  });

const requeueEntryPayload = builder
  .objectRef<Revised & { readonly requeued: boolean }>("RequeueEntryPayload")
  .implement({
    description: "The result of `requeueEntry`.",
    fields: (t) => ({
      requeued: t.exposeBoolean("requeued", {
        description: "Whether a dead-lettered entry was requeued. If `false`, nothing was changed.",
      }),
      revision: payloadRevision(t),
    }),
  });

builder.mutationFields((t) => ({
  reopenEntry: t.field({
    type: reopenEntryPayload,
    description:
      "Makes a completed entry claimable again, with its attempts counted from 1. The value stays. To set another value in the same step, use `transact` with `set` and `reopen`.",
    args: {
      input: t.arg({ type: reopenEntry.asInput, required: true, description: "The entry." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.reopenEntry(viewer, input),
  }),
  requeueEntry: t.field({
    type: requeueEntryPayload,
    description:
      "Makes a dead-lettered entry claimable again, with its attempts counted from 1 and its limit of attempts unchanged. To requeue several, use `transact` with `requeue`.",
    args: {
      input: t.arg({ type: requeueEntry.asInput, required: true, description: "The entry." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.requeueEntry(viewer, input),
  }),
}));
