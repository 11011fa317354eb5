import type { Claim } from "../store/model/claim.ts";
import type { CommandResult } from "../store/commit/command.ts";
import type { Entry } from "../store/model/entry.ts";
import { namespacesOf } from "../store/operations/operations.ts";
import type { Revised } from "../store/writer.ts";
import type { InputFieldBuilder } from "@pothos/core";
import type { GraphQLResolveInfo } from "graphql";
import { JsonText } from "../json/json-text.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { entryRef } from "./entry-ref.ts";
import { selectsWithin } from "./selected-fields.ts";
import { listInPieces } from "./list-in-pieces.ts";
import { showWrittenEntries } from "./show-written-entries.ts";
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
  heldFields,
  listInBatch,
  idempotencyKeyInput,
  lostDescription,
  metadataInput,
  namespaceInput,
  payloadRevision,
  ttlInput,
} from "./mutation-fields.ts";

type InputFields = InputFieldBuilder<typeof builder.$inferSchemaTypes, "InputObject">;

const claimRef = builder.objectRef<Claim>("Claim").implement({
  description: "A worker's lease on an entry.",
  fields: (t) => ({
    token: t.exposeString("token", {
      description:
        "Proves the claim to `completeClaim`, `renewClaim`, `releaseClaim` and `failClaim`.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description:
        "End of the lease by the database's clock. From then on the token is invalid, and another worker can claim the entry.",
      resolve: (claim) => claim.expiresAt,
    }),
    attempt: t.exposeInt("attempt", {
      description:
        "Number of claims of the entry since it was created, reopened or requeued, including this one.",
    }),
    maxAttempts: t.exposeInt("maxAttempts", {
      nullable: true,
      description:
        "Number of claims after which the entry is dead-lettered, as set by the latest `claimEntry` that gave it; null without a limit.",
    }),
    failedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "Time of the latest `failClaim` of an earlier claim; null if there was none.",
      resolve: (claim) => claim.failedAt,
    }),
    error: t.field({
      type: "JSON",
      nullable: true,
      description:
        "The `error` of the latest `failClaim`; null if it had none. Needs the scope `read`; without it nothing is claimed.",
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
    description: "Length of the lease, in seconds from now.",
  });
}

const claimEntryInput = builder.inputType("ClaimEntryInput", {
  description: "Which entries to claim from, and for how long.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    keyPrefix: t.string({
      required: true,
      defaultValue: "",
      description: "Only keys that begin with this prefix, for example `task:`.",
    }),
    where: t.field({
      type: [valueCondition],
      description: `${whereDescription} Needs the scope \`read\`. LIMIT_EXCEEDED if none of the first \`maxExaminedItems\` free entries (or of the first four times \`maxPageBytes\` bytes of them) matches and more are free.`,
    }),
    leaseSeconds: leaseInput(t),
    maxAttempts: t.int({
      description:
        "How many times an entry can be claimed; at least 1. An entry that was already claimed this many times is dead-lettered, and the next one is tried. The entry keeps the limit until another `claimEntry` sets one. Default: the entry's current limit, or no limit.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const completeClaimInput = builder.inputType("CompleteClaimInput", {
  description: "A claim, its result, and other writes of the same transaction.",
  fields: (t) => ({
    ...heldFields(t),
    value: t.field({
      type: "JSON",
      description: "The result, which replaces the entry's value. Default: the value is kept.",
    }),
    metadata: metadataInput(t),
    ttlSeconds: ttlInput(t, "the expiry is kept"),
    conditions: t.field({
      type: [transactCondition],
      description: "Conditions, as in `transact`. They are checked before anything is written.",
    }),
    operations: t.field({
      type: [transactOperation],
      description:
        "Other writes, as in `transact`, such as incrementing a counter. Either all writes are applied or none.",
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

const claimEntryPayload = builder
  .objectRef<Revised & { readonly entry: Entry | null; readonly claim: Claim | null }>(
    "ClaimEntryPayload",
  )
  .implement({
    description: "The result of `claimEntry`.",
    fields: (t) => ({
      entry: t.field({
        type: entryRef,
        nullable: true,
        description:
          "The claimed entry; null if no entry is free. Needs the scope `read`; without it nothing is claimed.",
        resolve: (result) => result.entry,
      }),
      claim: t.field({
        type: claimRef,
        nullable: true,
        description: "The claim; null if no entry is free.",
        resolve: (result) => result.claim,
      }),
      revision: payloadRevision(t),
    }),
  });

const completeClaimPayload = builder
  .objectRef<CommandResult & { readonly entry: Entry }>("CompleteClaimPayload")
  .implement({
    description: "The result of `completeClaim`.",
    fields: (t) => ({
      entry: t.field({
        type: entryRef,
        description:
          "The entry with its result. Needs the scope `read`; without it nothing is written.",
        resolve: (result) => result.entry,
      }),
      results: t.field({
        type: [operationResult],
        complexity: listInBatch,
        description: resultsDescription,
        resolve: ({ results }, _args, context, info) => listInPieces(results, context, info),
      }),
      revision: payloadRevision(t),
    }),
  });

const renewClaimPayload = builder
  .objectRef<Revised & { readonly claim: Claim }>("RenewClaimPayload")
  .implement({
    description: "The result of `renewClaim`.",
    fields: (t) => ({
      claim: t.field({
        type: claimRef,
        description: "The claim with its new end.",
        resolve: (result) => result.claim,
      }),
      revision: payloadRevision(t),
    }),
  });

/** Does a write whose response shows a claim. The error of an earlier claim is shown only to viewers who can read. */
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

builder.mutationFields((t) => ({
  claimEntry: t.field({
    type: claimEntryPayload,
    description:
      "Claims the next free entry whose key has the prefix, in key order, for the length of a lease. While the lease is active, no other worker receives the entry. An entry is free unless a claim holds it, or it is completed, dead-lettered or delayed. If a worker crashes, its entry is free again when the lease ends. Claims are not part of entries: they add no changes to the log, and other writes do not check them.",
    args: {
      input: t.arg({
        type: claimEntryInput,
        required: true,
        description: "Which entries to claim from, and for how long.",
      }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showWrittenEntries(
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
    description: `Writes the result of a claimed entry, optionally with other writes, and marks the entry as completed. A completed entry is not claimed again, even if it is set again, until \`reopenEntry\` reopens it or it is deleted and created again. ${lostDescription}`,
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
        showWrittenEntries(
          info,
          context,
          "results",
          namespacesOf(input.operations ?? []),
          input.operations?.length ?? 0,
          complete,
          ({ results }) => results.map(entryOf),
        );
      const where = [input.namespace];
      return showWrittenEntries(info, context, "entry", where, 1, withResults, ({ entry }) => [
        entry,
      ]);
    },
  }),
  renewClaim: t.field({
    type: renewClaimPayload,
    description: `Extends a lease: it ends \`leaseSeconds\` from now. ${lostDescription}`,
    args: {
      input: t.arg({ type: renewClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, context, info) =>
      showClaim(info, context, input.namespace, () =>
        context.writer.renewClaim(context.viewer, input),
      ),
  }),
}));
