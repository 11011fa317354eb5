import type { Claim } from "../store/model/claim.ts";
import type { CommandResult } from "../store/commit/command.ts";
import type { Entry } from "../store/model/entry.ts";
import { namespacesOf } from "../store/operations/operations.ts";
import type { Released, Revised } from "../store/writer.ts";
import type { InputFieldBuilder } from "@pothos/core";
import type { GraphQLResolveInfo } from "graphql";
import { JsonText } from "../json/json-text.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { entryRef } from "./entry-ref.ts";
import { selectsWithin } from "./selected-fields.ts";
import { listInPieces } from "./list-in-pieces.ts";
import { showWritten } from "./show-written.ts";
import { valueCondition, whereDescription } from "./value-condition.ts";
import {
  entryOf,
  operationResult,
  resultsDescription,
  transactCondition,
  transactOperation,
} from "./transact.ts";
import {
  batchComplexity,
  idempotencyKeyInput,
  keyInput,
  metadataInput,
  namespaceInput,
  payloadRevision,
  ttlInput,
} from "./write.ts";

type InputFields = InputFieldBuilder<typeof builder.$inferSchemaTypes, "InputObject">;

const claimRef = builder.objectRef<Claim>("Claim").implement({
  description: "A worker's lease of an entry.",
  fields: (t) => ({
    token: t.exposeString("token", {
      description:
        "Proves the claim to `completeClaim`, `renewClaim`, `releaseClaim` and `failClaim`.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description:
        "The lease's end by the database's clock: from then on the token counts no more, and the entry is the next worker's.",
      resolve: (claim) => claim.expiresAt,
    }),
    attempt: t.exposeInt("attempt", {
      description:
        "How often the entry has been claimed since it was created, reopened or requeued, this time included.",
    }),
    maxAttempts: t.exposeInt("maxAttempts", {
      nullable: true,
      description:
        "How often it may be claimed before it is dead-lettered, as `claimEntry` said last; null without a limit.",
    }),
    failedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When an earlier claim was failed last; null if none was.",
      resolve: (claim) => claim.failedAt,
    }),
    error: t.field({
      type: "JSON",
      nullable: true,
      description:
        "What the `failClaim` before gave as its `error`; null without one. Needs the scope `read`; without it nothing is claimed.",
      resolve: (claim) => jsonOrNull(claim.error),
    }),
  }),
});

function jsonOrNull(text: string | null): JsonText | null {
  return text === null ? null : new JsonText(text);
}

function leaseInput(t: InputFields) {
  return t.int({
    required: true,
    defaultValue: 60,
    description: "Seconds from now until the claim ends, unless it is renewed.",
  });
}

/** What names a claim. */
function heldFields(t: InputFields) {
  return {
    namespace: namespaceInput(t),
    key: keyInput(t),
    token: t.string({ required: true, description: "The claim's token." }),
  };
}

const failureDelays =
  "1 second after the first attempt, twice as long after each further one, and at most 300 seconds";
const releaseDelays =
  "none after the first three attempts, 1 second after the fourth, twice as long after each further one, and at most 300 seconds";

/** How long nobody may claim an entry. */
function delayInput(t: InputFields, leftOut: string) {
  return t.int({
    description: `Seconds from now until the entry may be claimed again: from 0 to the limit \`maxLeaseSeconds\`. Left out: ${leftOut}.`,
  });
}

const claimEntryInput = builder.inputType("ClaimEntryInput", {
  description: "Where to look for work.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    keyPrefix: t.string({
      required: true,
      defaultValue: "",
      description: "Only keys that begin with this, such as `task:`.",
    }),
    where: t.field({
      type: [valueCondition],
      description: `${whereDescription} Needs the scope \`read\`. LIMIT_EXCEEDED if none of the first \`maxExaminedItems\` free entries matches, or of the first \`maxPageBytes\` bytes of them, and there are more.`,
    }),
    leaseSeconds: leaseInput(t),
    maxAttempts: t.int({
      description:
        "How often an entry may be claimed, at least 1. One that was claimed as often already is dead-lettered instead, and the next one is looked at. It stays with the entry until another `claimEntry` gives one. Left out: as the one before said, or without a limit.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const completeClaimInput = builder.inputType("CompleteClaimInput", {
  description: "A claim, its result, and what else is to be written with it.",
  fields: (t) => ({
    ...heldFields(t),
    value: t.field({
      type: "JSON",
      description: "The result, which replaces the entry's value. Left out: the value stays.",
    }),
    metadata: metadataInput(t),
    ttlSeconds: ttlInput(t, "as it was"),
    conditions: t.field({
      type: [transactCondition],
      description: "As of `transact`. They are checked first.",
    }),
    operations: t.field({
      type: [transactOperation],
      description:
        "Other writes that are to happen with it or not at all, such as a counter, as of `transact`.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const renewClaimInput = builder.inputType("RenewClaimInput", {
  description: "A claim to renew.",
  fields: (t) => ({
    ...heldFields(t),
    leaseSeconds: leaseInput(t),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const releaseClaimInput = builder.inputType("ReleaseClaimInput", {
  description: "A claim to give back.",
  fields: (t) => ({
    ...heldFields(t),
    delaySeconds: delayInput(t, `${releaseDelays} of the entry`),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const failClaimInput = builder.inputType("FailClaimInput", {
  description: "A claim whose work failed, and why.",
  fields: (t) => ({
    ...heldFields(t),
    error: t.field({
      type: "JSON",
      description:
        "Why, as any JSON value of at most `maxMetadataBytes`. The next claim of the entry shows it, and so does `deadLetters`. Left out: none, not even the one before.",
    }),
    delaySeconds: delayInput(t, failureDelays),
    retry: t.boolean({
      required: true,
      defaultValue: true,
      description:
        "`false`: the entry is dead-lettered now, whatever its attempts, since another would fail as well.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const claimEntryPayload = builder
  .objectRef<Revised & { readonly entry: Entry | null; readonly claim: Claim | null }>(
    "ClaimEntryPayload",
  )
  .implement({
    description: "What `claimEntry` came to.",
    fields: (t) => ({
      entry: t.field({
        type: entryRef,
        nullable: true,
        description:
          "The entry that is this worker's now; null when nothing is free. Needs the scope `read`; without it nothing is claimed.",
        resolve: (result) => result.entry,
      }),
      claim: t.field({
        type: claimRef,
        nullable: true,
        description: "The claim; null when nothing is free.",
        resolve: (result) => result.claim,
      }),
      revision: payloadRevision(t),
    }),
  });

const completeClaimPayload = builder
  .objectRef<CommandResult & { readonly entry: Entry }>("CompleteClaimPayload")
  .implement({
    description: "What `completeClaim` came to.",
    fields: (t) => ({
      entry: t.field({
        type: entryRef,
        description:
          "The entry with its result. Needs the scope `read`; without it nothing is written.",
        resolve: (result) => result.entry,
      }),
      results: t.field({
        type: [operationResult],
        description: resultsDescription,
        resolve: ({ results }, _args, context, info) => listInPieces(results, context, info),
      }),
      revision: payloadRevision(t),
    }),
  });

const renewClaimPayload = builder
  .objectRef<Revised & { readonly claim: Claim }>("RenewClaimPayload")
  .implement({
    description: "What `renewClaim` came to.",
    fields: (t) => ({
      claim: t.field({
        type: claimRef,
        description: "The claim as it is now.",
        resolve: (result) => result.claim,
      }),
      revision: payloadRevision(t),
    }),
  });

/** The payload of a mutation that ends a claim without a result. */
function releasedPayload(name: string, mutation: string) {
  return builder.objectRef<Released>(name).implement({
    description: `What \`${mutation}\` came to.`,
    fields: (t) => ({
      claimableAt: t.field({
        type: "DateTime",
        nullable: true,
        description: "When the entry may be claimed again; null if it is dead-lettered.",
        resolve: (result) => result.claimableAt,
      }),
      deadLettered: t.boolean({
        description: "Whether the entry is dead-lettered: it was claimed as often as it may be.",
        resolve: (result) => result.claimableAt === null,
      }),
      revision: payloadRevision(t),
    }),
  });
}

const releaseClaimPayload = releasedPayload("ReleaseClaimPayload", "releaseClaim");
const failClaimPayload = releasedPayload("FailClaimPayload", "failClaim");

/** Does a write whose answer shows a claim: why the claim before failed is for those who may read. */
function showClaim<R extends { readonly claim: Claim | null }>(
  info: GraphQLResolveInfo,
  { viewer, budget, store }: Context,
  namespace: string,
  write: () => Promise<R>,
): Promise<R> {
  if (!selectsWithin(info, "error")) return write();
  const largest = { sizeBytes: store.limits.maxMetadataBytes, nameBytes: 0 };
  return budget.showWritten(viewer, [namespace], largest, write, ({ claim }) => [
    { sizeBytes: Buffer.byteLength(claim?.error ?? "") },
  ]);
}

const lostDescription = "`CLAIM_LOST` when the claim has ended: then nothing is written.";

builder.mutationFields((t) => ({
  claimEntry: t.field({
    type: claimEntryPayload,
    description:
      "Takes the next free entry whose key has the prefix, in the order of the keys, for a lease: no other worker is given it meanwhile. Free is what nobody holds and nobody has completed, nor is dead-lettered or delayed; a crashed worker's entry is free again when its lease ends. Claims are not part of entries: they make no changes, and writes do not ask for them.",
    args: {
      input: t.arg({
        type: claimEntryInput,
        required: true,
        description: "Where to look, and how long to lease.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showWritten(
        info,
        context,
        "entry",
        [input.namespace],
        1,
        () =>
          showClaim(info, context, input.namespace, () =>
            context.writer.claimEntry(context.viewer, input),
          ),
        ({ entry }) => [entry],
      ),
  }),
  completeClaim: t.field({
    type: completeClaimPayload,
    complexity: ({ input }) => batchComplexity(input.operations?.length ?? 1),
    description: `Writes the result of a claimed entry, with other writes if there are any, and ends the work on it: it is not handed out again, whatever is set on it, unless \`reopenEntry\` reopens it, or it is deleted and set anew. ${lostDescription}`,
    args: {
      input: t.arg({
        type: completeClaimInput,
        required: true,
        description: "The claim and its result.",
      }),
    },
    resolve: (_mutation, { input }, context, info) => {
      const complete = () => context.writer.completeClaim(context.viewer, input);
      const withResults = () =>
        showWritten(
          info,
          context,
          "results",
          namespacesOf(input.operations ?? []),
          input.operations?.length ?? 0,
          complete,
          ({ results }) => results.map(entryOf),
        );
      const where = [input.namespace];
      return showWritten(info, context, "entry", where, 1, withResults, ({ entry }) => [entry]);
    },
  }),
  renewClaim: t.field({
    type: renewClaimPayload,
    description: `Lets a lease end later: so many seconds from now. ${lostDescription}`,
    args: {
      input: t.arg({ type: renewClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showClaim(info, context, input.namespace, () =>
        context.writer.renewClaim(context.viewer, input),
      ),
  }),
  releaseClaim: t.field({
    type: releaseClaimPayload,
    description: `Gives a claimed entry back: another worker may claim it, after a delay if there is one. After the last attempt that it may have, it is dead-lettered. ${lostDescription}`,
    args: {
      input: t.arg({ type: releaseClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.releaseClaim(viewer, input),
  }),
  failClaim: t.field({
    type: failClaimPayload,
    description: `Ends a claim whose work failed, and keeps why. The entry is tried again after a delay that grows with its attempts; after the last attempt that it may have, it is dead-lettered: kept, listed by \`deadLetters\`, and not handed out until \`requeueEntry\`. ${lostDescription}`,
    args: {
      input: t.arg({
        type: failClaimInput,
        required: true,
        description: "The claim, and why it failed.",
      }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.failClaim(viewer, input),
  }),
}));
