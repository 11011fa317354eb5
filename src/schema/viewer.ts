import type { Usage } from "../store/model/entry.ts";
import type { Limits } from "../store/model/limits.ts";
import { maxGrants, scopes } from "../store/model/grant.ts";
import type { Viewer } from "../store/model/viewer.ts";
import type { Subscribers } from "../feed/subscribers.ts";
import { builder } from "./builder.ts";
import { statementComplexity } from "./connection.ts";
import type { Context } from "./context.ts";
import { bytesOfPatterns, grantRef, grantsComplexity, scopeEnum } from "./grant.ts";
import { shortList } from "./short-list.ts";
import { subscribersRef } from "./subscribers.ts";

const limitDescriptions: Record<keyof Limits, string> = {
  maxEntries:
    "Maximum number of entries in the store; 0: no limit. `usage` shows the current number.",
  maxNamespaces: "Maximum number of namespaces in the store; 0: no limit.",
  maxStoredMebibytes:
    "Maximum size of the keys, values and metadata in the store, in MiB; 0: no limit. `usage.sizeBytes` shows the current size.",
  maxKeyedWritesPerDay:
    "Maximum number of operations with an `idempotencyKey` per day, for all tokens of the user; 0: no limit. RATE_LIMITED says when the next one is accepted. Operations without a key do not count.",
  maxKeyBytes: "Maximum size of a key, in bytes of UTF-8.",
  maxNamespaceBytes: "Maximum size of a namespace's name, in bytes of UTF-8.",
  maxValueBytes: "Maximum size of a value as JSON, in bytes.",
  maxValueDepth: "Maximum nesting depth of JSON.",
  maxMetadataBytes: "Maximum size of an entry's metadata as JSON, in bytes.",
  maxAgentBytes: "Maximum size of an agent's name, in bytes of UTF-8.",
  maxBatchOperations:
    "Maximum number of entries in `setEntries`, and of operations and conditions in `transact`.",
  maxLeaseSeconds: "Maximum lease of a claim, in seconds.",
  maxAwaitSeconds: "Maximum wait of `awaitEntry`, in seconds.",
  maxClearedNamespaces: "Maximum number of namespaces that `clearNamespaces` clears.",
  maxSearchBytes: "Maximum size of the text of `searchEntries`, in bytes of UTF-8.",
  maxPageSize: "Maximum `first` of a list.",
  maxPageBytes:
    "A page ends when its entries have this many bytes. It contains at least one entry.",
  maxExaminedItems:
    "A page of a filtered list ends when this many entries, changes, namespaces or tokens have been examined.",
  maxWhereConditions: "Maximum number of conditions in a filter by value.",
  maxResponseBytes: "Maximum size of the entries that one operation loads or writes, in bytes.",
  maxQueryBytes: "Maximum size of the text of an operation, in bytes of UTF-8.",
  maxQueryComplexity:
    "Maximum number of fields that an operation requests. A list counts its fields `first` times, and each read of the database counts as 100.",
  maxBodyBytes: "Maximum size of a request body, or of a WebSocket message, in bytes.",
  maxSubscriptions: "Maximum number of open operations on one WebSocket.",
};

const limitsRef = builder.objectRef<Limits>("Limits").implement({
  description: "The limits on requests. Each is an option of the server.",
  fields: (t) =>
    Object.fromEntries(
      Object.entries(limitDescriptions).map(([name, description]) => [
        name,
        t.int({ description, resolve: (limits) => limits[name as keyof Limits] }),
      ]),
    ),
});

const usageRef = builder.objectRef<Usage>("Usage").implement({
  description: "The amount of data in the namespaces that the token covers.",
  fields: (t) => ({
    namespaceCount: t.exposeInt("namespaceCount", { description: "The number of namespaces." }),
    entryCount: t.exposeInt("entryCount", { description: "The number of entries." }),
    sizeBytes: t.exposeFloat("sizeBytes", {
      description:
        "Bytes of the entries' keys, values and metadata. A Float, because the maximum of Int is 2 GiB.",
    }),
  }),
});

/** The subscribers of each operation that reads them. All its fields show the same ones. */
const subscribersOf = new WeakMap<Context, Subscribers>();

const viewerRef = builder.objectRef<Viewer>("Viewer").implement({
  description: "The authenticated caller.",
  fields: (t) => ({
    user: t.exposeString("userId", { description: "The owner of the store." }),
    agent: t.exposeString("agent", {
      nullable: true,
      description:
        "The agent name that its changes record; null if neither the token nor the caller gives one.",
    }),
    scopes: t.field({
      type: [scopeEnum],
      description:
        "The scopes of all grants of its token. A scope can be limited to some namespaces: see `grants`.",
      resolve: ({ grants }) =>
        scopes.filter((scope) => grants.some((grant) => grant.scopes.includes(scope))),
    }),
    namespacePatterns: t.stringList({
      // Each time, it compares the patterns of all grants.
      complexity: 10 * maxGrants,
      description:
        "The namespaces that its token covers with any scope: names, or prefixes followed by `*`. `*` alone covers all namespaces.",
      resolve: ({ grants }, _args, context, info) => {
        const patterns = [...new Set(grants.map(({ namespacePattern }) => namespacePattern))];
        return shortList(patterns, bytesOfPatterns(grants), context, info);
      },
    }),
    grants: t.field({
      type: [grantRef],
      complexity: grantsComplexity,
      description: "The grants of its token: scopes, each with the namespaces that it applies to.",
      resolve: ({ grants }, _args, context, info) =>
        shortList(grants, bytesOfPatterns(grants), context, info),
    }),
    headRevision: t.field({
      type: "Revision",
      complexity: statementComplexity,
      description: 'The revision of the latest change in the user\'s log; `"0"` before the first.',
      resolve: async (viewer, _args, { store }) => (await store.log.ends(viewer)).head,
    }),
    epoch: t.string({
      complexity: statementComplexity,
      description:
        "The identity of the store's history. It changes when a backup is restored, because an earlier revision can then belong to a different change.",
      resolve: async (viewer, _args, { store }) => (await store.log.ends(viewer)).epoch,
    }),
    limits: t.field({
      type: limitsRef,
      description: "The limits on its requests.",
      resolve: (_viewer, _args, { store }) => store.limits,
    }),
    headRevisionsAgo: t.field({
      type: ["Revision"],
      // It needs about twenty statements, regardless of the length of the log.
      complexity: 20 * statementComplexity,
      description:
        "The values of `headRevision` at the given times, in the same order, by the database's clock. The difference of two is the number of changes between them, and `changes(after:)` lists these changes. For a time before the oldest change in the log, it is the revision before that change. LIMIT_EXCEEDED for more than 100 times. Needs the scope `read`.",
      args: {
        secondsAgo: t.arg.intList({
          required: true,
          description:
            "The times, as numbers of seconds before now. Each is at least 0. For example, `[60, 0]` covers the last minute.",
        }),
      },
      resolve: (viewer, { secondsAgo }, { store }) => store.log.headsAgo(viewer, secondsAgo),
    }),
    subscribers: t.field({
      type: subscribersRef,
      description:
        "The current subscribers of the store, and how far each is behind. Deliveries and reads are not recorded. Needs the scope `read`.",
      resolve: (viewer, _args, context) => {
        let subscribers = subscribersOf.get(context);
        if (!subscribers) {
          subscribers = context.feed.subscribers(viewer);
          subscribersOf.set(context, subscribers);
        }
        return subscribers;
      },
    }),
    usage: t.field({
      type: usageRef,
      complexity: statementComplexity,
      description: "The amount of data in the store. Needs the scope `read`.",
      resolve: (viewer, _args, { store }) => store.namespaces.usage(viewer),
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: viewerRef,
    description: "The authenticated caller and its permissions.",
    resolve: (_query, _args, { viewer }) => viewer,
  }),
);
