import type { Usage } from "../store/model/entry.ts";
import type { Limits } from "../store/model/limits.ts";
import { scopes } from "../store/model/grant.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { builder } from "./builder.ts";
import { statementComplexity } from "./connection.ts";
import { grantRef, scopeEnum } from "./grant.ts";
import { subscribersRef } from "./subscribers.ts";

const limitDescriptions: Record<keyof Limits, string> = {
  maxEntries: "Entries that the store may hold; 0: any number. `usage` shows how many there are.",
  maxNamespaces: "Namespaces that the store may hold; 0: any number.",
  maxStoredMebibytes:
    "MiB of keys, values and metadata that the store may hold; 0: any number. `usage.sizeBytes` shows how much there is.",
  maxKeyBytes: "Bytes of UTF-8 that a key may have.",
  maxNamespaceBytes: "Bytes of UTF-8 that a namespace may have.",
  maxValueBytes: "Bytes that a value may have as JSON.",
  maxValueDepth: "How deep JSON can be nested.",
  maxMetadataBytes: "Bytes that an entry's metadata may have as JSON.",
  maxAgentBytes: "Bytes of UTF-8 that an agent's name may have.",
  maxBatchOperations:
    "How many entries `setEntries` may set, and how many operations and conditions `transact` may have.",
  maxLeaseSeconds: "The longest lease of a claim.",
  maxAwaitSeconds: "The longest that `awaitEntry` may wait.",
  maxClearedNamespaces: "How many namespaces `clearNamespaces` may clear.",
  maxSearchBytes: "Bytes of UTF-8 that the text of `searchEntries` may have.",
  maxPageSize: "The largest `first`.",
  maxPageBytes: "A page ends when its entries have this many bytes, though never before its first.",
  maxExaminedItems:
    "How many entries, changes or namespaces a page looks at whose list has a filter; the page ends there.",
  maxWhereConditions: "How many conditions a filter by value may have.",
  maxResponseBytes: "Bytes of entries that one operation may load or write.",
  maxQueryBytes: "Bytes of UTF-8 that the text of an operation may have.",
  maxQueryComplexity:
    "How many fields an operation may ask for, each list counted by its `first`, and 100 for each read of the database.",
  maxBodyBytes: "Bytes that a request, or a message on a socket, may have.",
  maxSubscriptions: "How many operations one socket may have open.",
};

const limitsRef = builder.objectRef<Limits>("Limits").implement({
  description: "How much a caller may send and ask for; each is an option of the server.",
  fields: (t) =>
    Object.fromEntries(
      Object.entries(limitDescriptions).map(([name, description]) => [
        name,
        t.int({ description, resolve: (limits) => limits[name as keyof Limits] }),
      ]),
    ),
});

const usageRef = builder.objectRef<Usage>("Usage").implement({
  description: "What the store holds now, as far as the token covers it.",
  fields: (t) => ({
    namespaceCount: t.exposeInt("namespaceCount", { description: "Namespaces." }),
    entryCount: t.exposeInt("entryCount", { description: "Entries." }),
    sizeBytes: t.exposeFloat("sizeBytes", {
      description:
        "Bytes of the entries' keys, values and metadata. A Float, since an Int ends at 2 GiB.",
    }),
  }),
});

const viewerRef = builder.objectRef<Viewer>("Viewer").implement({
  description: "The authenticated caller.",
  fields: (t) => ({
    user: t.exposeString("userId", { description: "Owner of the store it reaches." }),
    agent: t.exposeString("agent", {
      nullable: true,
      description:
        "The name its changes are recorded under; null where neither token nor caller says one.",
    }),
    scopes: t.field({
      type: [scopeEnum],
      description: "What its token may do in some namespace: the scopes of all its grants.",
      resolve: ({ grants }) =>
        scopes.filter((scope) => grants.some((grant) => grant.scopes.includes(scope))),
    }),
    namespacePatterns: t.stringList({
      description:
        "The namespaces its token covers, with some scope: names, or prefixes followed by `*`; `*` is every one.",
      resolve: ({ grants }) => [...new Set(grants.map(({ namespacePattern }) => namespacePattern))],
    }),
    grants: t.field({
      type: [grantRef],
      description: "What its token may do, and in which namespaces.",
      resolve: (viewer) => [...viewer.grants],
    }),
    headRevision: t.field({
      type: "Revision",
      complexity: statementComplexity,
      description: 'Revision of the latest change of the user\'s log; `"0"` before the first.',
      resolve: async (viewer, _args, { store }) => (await store.logEnds(viewer)).head,
    }),
    epoch: t.string({
      complexity: statementComplexity,
      description:
        "Names the history that revisions are of. A store that was restored from a backup has another one: a revision that was seen before may be of another change now.",
      resolve: async (viewer, _args, { store }) => (await store.logEnds(viewer)).epoch,
    }),
    limits: t.field({
      type: limitsRef,
      description: "How much it may send and ask for.",
      resolve: (_viewer, _args, { store }) => store.limits,
    }),
    headRevisionsAgo: t.field({
      type: ["Revision"],
      // It asks about twenty times, whatever the log holds.
      complexity: 20 * statementComplexity,
      description:
        "`headRevision` as it was so many seconds ago by the database's clock, for each number in the order given. The difference of two is how many changes were made in between, and `changes(after:)` lists them. For an instant before what the log keeps it is the last revision that is not kept; LIMIT_EXCEEDED for more than 100. Needs the scope `read`.",
      args: {
        secondsAgo: t.arg.intList({
          required: true,
          description: "Seconds before now, each at least 0: `[60, 0]` gives the last minute.",
        }),
      },
      resolve: (viewer, { secondsAgo }, { store }) => store.headsAgo(viewer, secondsAgo),
    }),
    subscribers: t.field({
      type: subscribersRef,
      description:
        "Who follows the store now, and who is furthest behind. What they were sent or read is recorded nowhere. Needs the scope `read`.",
      resolve: (viewer, _args, { feed }) => feed.subscribers(viewer),
    }),
    usage: t.field({
      type: usageRef,
      complexity: statementComplexity,
      description: "What the store holds now. Needs the scope `read`.",
      resolve: (viewer, _args, { store }) => store.usage(viewer),
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: viewerRef,
    description: "Who is asking, and what it may do.",
    resolve: (_query, _args, { viewer }) => viewer,
  }),
);
