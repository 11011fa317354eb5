import { JsonText } from "../json/json-text.ts";
import type { StoredEntry } from "../store/model/claim.ts";
import { shownEntry } from "../store/model/entry.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  pageComplexity,
  statementComplexity,
} from "./connection.ts";
import { keyPrefixDescription } from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import { reopenEntry, requeueEntry } from "./operations.ts";
import { namespaceDescription, payloadRevision } from "./write.ts";

// What becomes of entries that are not handed out any more: those that failed too often, and those that are completed.

const deadLetterRef = builder.objectRef<StoredEntry>("DeadLetter").implement({
  description: "An entry that is not handed out any more, because the work on it failed.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      description: "The entry.",
      resolve: (entry) => shownEntry(entry),
    }),
    attempt: t.exposeInt("claimAttempt", {
      description: "How often it was claimed.",
    }),
    maxAttempts: t.exposeInt("claimMaxAttempts", {
      nullable: true,
      description: "How often it could be claimed; null where `failClaim` said `retry: false`.",
    }),
    failedAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "When it was failed last; null if it never was: its workers gave it back, or their leases ended.",
      resolve: (entry) => entry.claimFailedAt,
    }),
    error: t.field({
      type: "JSON",
      nullable: true,
      description: "What the last `failClaim` gave as its `error`; null without one.",
      resolve: ({ claimError }) => (claimError === null ? null : new JsonText(claimError)),
    }),
  }),
});

const claimStateRef = builder.objectRef<StoredEntry>("ClaimState").implement({
  description:
    "The work on an entry. Where it is neither completed nor dead-lettered nor kept back, the next `claimEntry` may take it.",
  fields: (t) => ({
    attempt: t.exposeInt("claimAttempt", {
      description: "How often it was claimed since it was created, reopened or requeued.",
    }),
    maxAttempts: t.exposeInt("claimMaxAttempts", {
      nullable: true,
      description: "How often it may be claimed, as `claimEntry` said last; null without a limit.",
    }),
    claimableAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "It is not handed out before this instant of the database's clock, which may have passed: the end of a lease, or of the delay after one. Null for neither.",
      resolve: (entry) => entry.claimExpiresAt,
    }),
    completed: t.exposeBoolean("isCompleted", {
      description: "Whether it is completed: it is not handed out until `reopenEntry`.",
    }),
    deadLettered: t.exposeBoolean("isDeadLettered", {
      description: "Whether it is dead-lettered: it is not handed out until `requeueEntry`.",
    }),
    failedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was failed last; null if it never was, or is completed.",
      resolve: (entry) => entry.claimFailedAt,
    }),
    error: t.field({
      type: "JSON",
      nullable: true,
      description: "What the last `failClaim` gave as its `error`; null without one.",
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
      "Entries of a namespace that are dead-lettered, sorted by key: they were claimed as often as `maxAttempts` allows, or failed with `retry: false`. They stay until `requeueEntry` or a delete. An entry whose last attempt ended with its worker (the lease ran out) is listed once a `claimEntry` of the namespace has come to it after that; a claim with a higher `maxAttempts` would still get it.",
    args: {
      namespace: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only entries behind this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { namespace, keyPrefix, first, after }, { store, viewer, budget }) => {
      const read = store.deadLetters(viewer, {
        namespace,
        keyPrefix: keyPrefix ?? "",
        first: first ?? defaultPageSize,
        after: after == null ? null : (decodeCursor(after, 1)[0] ?? null),
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
    description: "The work on an entry, without claiming it; null where the key holds nothing.",
    args: {
      namespace: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
      key: t.arg.string({ required: true, description: "The key." }),
    },
    resolve: (_query, { namespace, key }, { store, viewer, budget }) =>
      budget.showRead(store.claimState(viewer, namespace, key), (entry) =>
        entry ? [sizeWithError(entry)] : [],
      ),
  }),
);

const reopenEntryPayload = builder
  .objectRef<Revised & { readonly reopened: boolean }>("ReopenEntryPayload")
  .implement({
    description: "What `reopenEntry` came to.",
    fields: (t) => ({
      reopened: t.exposeBoolean("reopened", {
        description: "Whether there was a completed entry. If not, nothing was done.",
      }),
      revision: payloadRevision(t),
    }),
  });

const requeueEntryPayload = builder
  .objectRef<Revised & { readonly requeued: boolean }>("RequeueEntryPayload")
  .implement({
    description: "What `requeueEntry` came to.",
    fields: (t) => ({
      requeued: t.exposeBoolean("requeued", {
        description: "Whether there was a dead-lettered entry. If not, nothing was done.",
      }),
      revision: payloadRevision(t),
    }),
  });

builder.mutationFields((t) => ({
  reopenEntry: t.field({
    type: reopenEntryPayload,
    description:
      "Lets a completed entry be claimed again, with its attempts counted from 1. Its value stays: to give it another in the same step, use `transact` with `set` and `reopen`.",
    args: {
      input: t.arg({ type: reopenEntry.asInput, required: true, description: "The entry." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.reopenEntry(viewer, input),
  }),
  requeueEntry: t.field({
    type: requeueEntryPayload,
    description:
      "Lets a dead-lettered entry be claimed again, with its attempts counted from 1 and its limit of attempts as it was. Several at a time: `transact` with `requeue`.",
    args: {
      input: t.arg({ type: requeueEntry.asInput, required: true, description: "The entry." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.requeueEntry(viewer, input),
  }),
}));
