import type { Claim } from "../store/model/claim.ts";
import type { CommandResult } from "../store/commit/command.ts";
import type { Entry } from "../store/model/entry.ts";
import type { Revised } from "../store/writer.ts";
import type { InputFieldBuilder } from "@pothos/core";
import { builder } from "./builder.ts";
import { entryRef } from "./entry-ref.ts";
import { showWritten } from "./show-written.ts";
import {
  entryOf,
  operationResult,
  resultsDescription,
  transactCondition,
  transactOperation,
} from "./transact.ts";
import {
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
      description: "Proves the claim to `completeClaim`, `renewClaim` and `releaseClaim`.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description:
        "The lease's end by the database's clock: from then on the token counts no more, and the entry is the next worker's.",
      resolve: (claim) => claim.expiresAt,
    }),
    attempt: t.exposeInt("attempt", {
      description: "How often the entry has been claimed, this time included.",
    }),
  }),
});

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

const claimEntryInput = builder.inputType("ClaimEntryInput", {
  description: "Where to look for work.",
  fields: (t) => ({
    namespace: namespaceInput(t),
    keyPrefix: t.string({
      required: true,
      defaultValue: "",
      description: "Only keys that begin with this, such as `task:`.",
    }),
    leaseSeconds: leaseInput(t),
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
  fields: (t) => ({ ...heldFields(t), idempotencyKey: idempotencyKeyInput(t) }),
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
        resolve: ({ results }) => [...results],
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

const releaseClaimPayload = builder.objectRef<Revised>("ReleaseClaimPayload").implement({
  description: "What `releaseClaim` came to.",
  fields: (t) => ({ revision: payloadRevision(t) }),
});

const lostDescription = "`CLAIM_LOST` when the claim has ended: then nothing is written.";

builder.mutationFields((t) => ({
  claimEntry: t.field({
    type: claimEntryPayload,
    description:
      "Takes the next free entry whose key has the prefix, in the order of the keys, for a lease: no other worker is given it meanwhile. Free is what nobody holds and nobody has completed; a crashed worker's entry is free again when its lease ends. Claims are not part of entries: they make no changes, and writes do not ask for them.",
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
        () => context.writer.claimEntry(context.viewer, input),
        ({ entry }) => [entry],
      ),
  }),
  completeClaim: t.field({
    type: completeClaimPayload,
    description: `Writes the result of a claimed entry, with other writes if there are any, and ends the work on it: it is not handed out again, unless it is deleted and set anew. ${lostDescription}`,
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
        showWritten(info, context, "results", complete, ({ results }) => results.map(entryOf));
      return showWritten(info, context, "entry", withResults, ({ entry }) => [entry]);
    },
  }),
  renewClaim: t.field({
    type: renewClaimPayload,
    description: `Lets a lease end later: so many seconds from now. ${lostDescription}`,
    args: {
      input: t.arg({ type: renewClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.renewClaim(viewer, input),
  }),
  releaseClaim: t.field({
    type: releaseClaimPayload,
    description: `Gives a claimed entry back: it is the next worker's at once. ${lostDescription}`,
    args: {
      input: t.arg({ type: releaseClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.releaseClaim(viewer, input),
  }),
}));
