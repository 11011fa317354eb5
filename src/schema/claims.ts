import type { ClaimCounts, HeldClaim } from "../store/model/claim-counts.ts";
import { placeId, type Place } from "../store/model/place.ts";
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
import type { Context } from "./context.ts";
import { keyPrefixDescription } from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import {
  idempotencyKeyInput,
  keyInput,
  namespaceDescription,
  namespaceInput,
  payloadRevision,
} from "./write.ts";

// Claims as others than their workers see them: who holds an entry, and how far the work is.

const heldClaimRef = builder.objectRef<HeldClaim>("HeldClaim").implement({
  description: "A claim that holds an entry, without the token that proves it.",
  fields: (t) => ({
    namespace: t.exposeString("namespace", { description: "The namespace of the entry." }),
    key: t.exposeString("key", { description: "The key of the entry." }),
    agent: t.exposeString("agent", {
      nullable: true,
      description: "The agent that was granted the claim; null where it said no name.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description: "The end of the lease by the database's clock, unless it is renewed.",
      resolve: ({ expiresAt }) => expiresAt,
    }),
    attempt: t.exposeInt("attempt", {
      description:
        "How often the entry has been claimed since it was created, reopened or requeued, this time included.",
    }),
    maxAttempts: t.exposeInt("maxAttempts", {
      nullable: true,
      description: "How often the entry may be claimed; null without a limit.",
    }),
  }),
});

/** Asks for the claims of all entries that an operation shows side by side in one statement. */
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
    // The entries beside this one are resolved in the same turn.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const places = this.#places;
    this.#places = [];
    this.#loading = null;
    const { store, viewer } = this.#context;
    const held = await store.heldClaims(viewer, places);
    return new Map(held.map((claim) => [placeId(claim), claim]));
  }
}

/** Made for operations that ask for a claim. */
const loaders = new WeakMap<Context, ClaimLoader>();

function loaderOf(context: Context): ClaimLoader {
  let loader = loaders.get(context);
  if (!loader) loaders.set(context, (loader = new ClaimLoader(context)));
  return loader;
}

builder.objectField(entryRef, "claim", (t) =>
  t.field({
    type: heldClaimRef,
    // An error in here must not take the entry with it: in a mutation's answer that would look like no write.
    nullable: true,
    description:
      "The claim that holds the key when this is read; null where no claim does. Needs the scope `read`.",
    resolve: (entry, _args, context) => loaderOf(context).load(entry),
  }),
);

const claimCountsRef = builder.objectRef<ClaimCounts>("ClaimCounts").implement({
  description: "How far the work on some entries is. Each entry is counted once.",
  fields: (t) => ({
    free: t.exposeInt("free", {
      description: "Entries that `claimEntry` may take now, whether anybody ever claimed them.",
    }),
    taken: t.exposeInt("taken", { description: "Entries that a claim holds." }),
    delayed: t.exposeInt("delayed", {
      description:
        "Entries that were released or failed with a delay that is not over: they are free after it.",
    }),
    completed: t.exposeInt("completed", { description: "Entries that are completed." }),
    deadLettered: t.exposeInt("deadLettered", { description: "Entries that are dead-lettered." }),
  }),
});

const claimConnection = connectionOf("HeldClaim", "claims that hold entries", heldClaimRef);

const namespacePrefixDescription =
  "Only namespaces that begin with this. A token limited to namespaces is shown its part.";

builder.queryFields((t) => ({
  claims: t.field({
    type: claimConnection,
    complexity: pageComplexity,
    description:
      "The claims that hold entries, sorted by namespace and then key. A claim whose lease has ended is not among them.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only claims behind this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { first, after, ...selected }, context) => {
      const { store, viewer, budget, closed } = context;
      const [namespace, key] = after == null ? [] : decodeCursor(after, 2);
      const place = namespace === undefined || key === undefined ? null : { namespace, key };
      const input = { ...selected, first: first ?? defaultPageSize, after: place };
      const page = await budget.showRead(store.claims(viewer, input, closed), ({ items }) =>
        items.map(({ agent, ...held }) => ({
          namespace: held.namespace,
          key: held.key,
          sizeBytes: Buffer.byteLength(held.key) + Buffer.byteLength(agent ?? ""),
        })),
      );
      return { ...page, cursorOf: (held: HeldClaim) => encodeCursor([held.namespace, held.key]) };
    },
  }),
  claimCounts: t.field({
    type: claimCountsRef,
    complexity: statementComplexity,
    description:
      "How far the work on the selected entries is. Each of them is looked at: with many entries it takes a while, in which other requests are served.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
    },
    resolve: async (_query, input, { store, viewer, closed }) =>
      (await store.claimCounts(viewer.userId, store.select(viewer, input), closed)).counts,
  }),
}));

builder.subscriptionField("claimsChanged", (t) =>
  t.field({
    type: claimCountsRef,
    description:
      "The counts as they are, then again whenever an entry of the selection was claimed, renewed, released, failed, completed or written, or a lease ended. Changes close to each other come to one event, with the counts after them. Claims are in no log, so there is no place to go on from: subscribe again.",
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
        "Only the claim of this attempt, as `HeldClaim.attempt` shows it: a later one is left alone. Left out: any.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const revokeClaimPayload = builder
  .objectRef<Revised & { readonly revoked: boolean }>("RevokeClaimPayload")
  .implement({
    description: "What `revokeClaim` came to.",
    fields: (t) => ({
      revoked: t.exposeBoolean("revoked", {
        description: "Whether there was such a claim. If not, nothing was done.",
      }),
      revision: payloadRevision(t),
    }),
  });

builder.mutationField("revokeClaim", (t) =>
  t.field({
    type: revokeClaimPayload,
    description:
      "Ends the claim of a worker that is stuck, without its token: the entry may be claimed again, or is dead-lettered after the last attempt that it may have. The worker's token is answered CLAIM_LOST from then on.",
    args: {
      input: t.arg({ type: revokeClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.revokeClaim(viewer, input),
  }),
);
