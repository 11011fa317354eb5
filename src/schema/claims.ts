import type { ClaimCounts, HeldClaim } from "../store/model/claim-counts.ts";
import type { ClaimedNamespace } from "../store/read-claims.ts";
import { placeId, type Place } from "../store/model/place.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeCursor,
  decodeNameCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  pageComplexity,
  filterComplexity,
} from "./connection.ts";
import type { Context } from "./context.ts";
import { keyPrefixDescription } from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import {
  idempotencyKeyInput,
  keyInput,
  namespaceDescription,
  namespaceInput,
  payloadRevision,
} from "./mutation-fields.ts";

// Claims as an observer sees them: which agent holds an entry, and the progress of the work.

const heldClaimRef = builder.objectRef<HeldClaim>("HeldClaim").implement({
  description: "A claim that holds an entry, as an observer sees it: without its token.",
  fields: (t) => ({
    namespace: t.exposeString("namespace", { description: "The namespace of the entry." }),
    key: t.exposeString("key", { description: "The key of the entry." }),
    agent: t.exposeString("agent", {
      nullable: true,
      description: "The agent that holds the claim; null if it gave no agent name.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description: "End of the lease by the database's clock, unless it is renewed.",
      resolve: ({ expiresAt }) => expiresAt,
    }),
    attempt: t.exposeInt("attempt", {
      description:
        "Number of claims of the entry since it was created, reopened or requeued, including this one.",
    }),
    maxAttempts: t.exposeInt("maxAttempts", {
      nullable: true,
      description: "How many times the entry can be claimed; null without a limit.",
    }),
  }),
});

/** Loads the claims of all entries that one operation shows, in one statement. */
class ClaimLoader {
  readonly #context: Context;
  #places: Place[] = [];
  #loading: Promise<Map<string, HeldClaim>> | null = null;

  constructor(context: Context) {
    this.#context = context;
  }

  async load(place: Place): Promise<HeldClaim | null> {
    this.#places.push(place);
    this.#loading ??= this.#loadAll();
    return (await this.#loading).get(placeId(place)) ?? null;
  }

  async #loadAll(): Promise<Map<string, HeldClaim>> {
    // GraphQL resolves the other entries of the list in the same turn of the event loop.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const places = this.#places;
    this.#places = [];
    this.#loading = null;
    const { store, viewer } = this.#context;
    const held = await store.claims.readHeld(viewer, places);
    return new Map(held.map((claim) => [placeId(claim), claim]));
  }
}

/** One loader for each operation that selects a claim. */
const loaders = new WeakMap<Context, ClaimLoader>();

function loaderOf(context: Context): ClaimLoader {
  let loader = loaders.get(context);
  if (!loader) loaders.set(context, (loader = new ClaimLoader(context)));
  return loader;
}

builder.objectField(entryRef, "claim", (t) =>
  t.field({
    type: heldClaimRef,
    // Nullable, so that an error in here keeps the entry: without it, a mutation would seem not to have written.
    nullable: true,
    description:
      "The claim that holds the entry at the time of this read; null if no claim holds it. Needs the scope `read`.",
    resolve: (entry, _args, context) => loaderOf(context).load(entry),
  }),
);

const claimCountsRef = builder.objectRef<ClaimCounts>("ClaimCounts").implement({
  description: "The progress of the work on a selection of entries. Each entry is counted once.",
  fields: (t) => ({
    free: t.exposeInt("free", {
      description:
        "Entries that `claimEntry` can claim now, including entries that were never claimed.",
    }),
    taken: t.exposeInt("taken", { description: "Entries that an active claim holds." }),
    delayed: t.exposeInt("delayed", {
      description:
        "Entries that were released or failed and whose delay is not over. They are free after it.",
    }),
    completed: t.exposeInt("completed", { description: "Completed entries." }),
    deadLettered: t.exposeInt("deadLettered", { description: "Dead-lettered entries." }),
  }),
});

const claimedNamespaceRef = builder.objectRef<ClaimedNamespace>("ClaimedNamespace").implement({
  description: "A namespace that agents claim from.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The namespace." }),
    claimCounts: t.field({
      type: claimCountsRef,
      description: "The progress of the work on its entries.",
      resolve: ({ counts }) => counts,
    }),
  }),
});

const claimedNamespaceConnection = connectionOf(
  "ClaimedNamespace",
  "namespaces that agents claim from",
  claimedNamespaceRef,
);

const claimConnection = connectionOf("HeldClaim", "claims that hold entries", heldClaimRef);

const namespacePrefixDescription =
  "Only namespaces that begin with this prefix. A token limited to namespaces sees the permitted ones.";

builder.queryFields((t) => ({
  claims: t.field({
    type: claimConnection,
    complexity: ({ first }) => pageComplexity({ first, isFiltered: true }),
    description:
      "The claims that hold entries, sorted by namespace and then key. Claims whose lease has ended are not listed.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only claims after this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { first, after, ...selected }, context) => {
      const { store, viewer, budget, closed } = context;
      const [namespace, key] = after == null ? [] : decodeCursor(after, 2);
      const place = namespace === undefined || key === undefined ? null : { namespace, key };
      const input = { ...selected, first: first ?? defaultPageSize, after: place };
      const page = await budget.showRead(store.claims.list(viewer, input, closed), ({ items }) =>
        items.map(({ agent, ...held }) => ({
          namespace: held.namespace,
          key: held.key,
          sizeBytes: Buffer.byteLength(held.key) + Buffer.byteLength(agent ?? ""),
        })),
      );
      return { ...page, cursorOf: (held: HeldClaim) => encodeCursor([held.namespace, held.key]) };
    },
  }),
  claimedNamespaces: t.field({
    type: claimedNamespaceConnection,
    complexity: ({ first }) => pageComplexity({ first, isFiltered: true }),
    description:
      "The namespaces that agents claim from, sorted by name: some of their entries are taken, delayed, completed or dead-lettered. The server reads each entry up to the end of the page, so a page with many entries takes time; it serves other requests in between.",
    args: {
      namespacePrefix: t.arg.string({
        defaultValue: "",
        description: namespacePrefixDescription,
      }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only namespaces after this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (
      _query,
      { namespacePrefix, first, after },
      { store, viewer, budget, closed },
    ) => {
      const input = {
        namespacePrefix: namespacePrefix ?? "",
        first: first ?? defaultPageSize,
        after: after == null ? null : decodeNameCursor(after),
      };
      const page = await budget.showRead(
        store.claims.listNamespaces(viewer, input, closed),
        ({ items }) =>
          items.map((item) => ({ namespace: item.name, sizeBytes: Buffer.byteLength(item.name) })),
      );
      return { ...page, cursorOf: (item: ClaimedNamespace) => encodeCursor([item.name]) };
    },
  }),
  claimCounts: t.field({
    type: claimCountsRef,
    complexity: filterComplexity,
    description:
      "The progress of the work on the selected entries. The server reads each of them, so a large selection takes time; it serves other requests in between.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
    },
    resolve: async (_query, input, { store, viewer, closed }) =>
      (await store.claims.count(viewer.userId, store.checks.select(viewer, input), closed)).counts,
  }),
}));

builder.subscriptionField("claimsChanged", (t) =>
  t.field({
    type: claimCountsRef,
    description:
      "Delivers the counts of the selected entries, and delivers them again after an entry was claimed, renewed, released, failed, completed or written, or a lease ended. Changes in quick succession result in one event with the counts after them. Claims are not in the log, so a subscription cannot be resumed: subscribe again.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
    },
    subscribe: (_root, input, context) => context.feed.watchClaims(context, input),
    resolve: (counts) => counts,
  }),
);

const revokeClaimInput = builder.inputType("RevokeClaimInput", {
  description: "A claim to end without its token.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    key: keyInput(t),
    ifAttempt: t.int({
      description:
        "Only the claim of this attempt, as `HeldClaim.attempt` shows it; a later claim is kept. Default: any attempt.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const revokeClaimPayload = builder
  .objectRef<Revised & { readonly revoked: boolean }>("RevokeClaimPayload")
  .implement({
    description: "The result of `revokeClaim`.",
    fields: (t) => ({
      revoked: t.exposeBoolean("revoked", {
        description: "Whether a claim was revoked. If `false`, nothing was changed.",
      }),
      revision: payloadRevision(t),
    }),
  });

builder.mutationField("revokeClaim", (t) =>
  t.field({
    type: revokeClaimPayload,
    description:
      "Ends the claim of a stuck worker without its token. The entry can be claimed again; after its last allowed attempt, it is dead-lettered. From then on the worker's token is refused with CLAIM_LOST.",
    args: {
      input: t.arg({ type: revokeClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.revokeClaim(viewer, input),
  }),
);
