import type { InputFieldBuilder } from "@pothos/core";
import type { Released } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  heldFields,
  idempotencyKeyInput,
  lostDescription,
  payloadRevision,
} from "./mutation-fields.ts";

// The mutations that end a claim without a result.

const failureDelays =
  "1 second after the first attempt, twice as long after each further one, and at most 300 seconds";
const releaseDelays =
  "none after the first three attempts, 1 second after the fourth, twice as long after each further one, and at most 300 seconds";

/** How long an entry cannot be claimed. */
function delayInput(
  t: InputFieldBuilder<typeof builder.$inferSchemaTypes, "InputObject">,
  leftOut: string,
) {
  return t.int({
    description: `Seconds until the entry can be claimed again, from 0 to the limit \`maxLeaseSeconds\`. Default: ${leftOut}.`,
  });
}

const releaseClaimInput = builder.inputType("ReleaseClaimInput", {
  description: "A claim to release.",
  fields: (t) => ({
    ...heldFields(t),
    delaySeconds: delayInput(t, releaseDelays),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const failClaimInput = builder.inputType("FailClaimInput", {
  description: "A claim whose work failed, and the reason.",
  fields: (t) => ({
    ...heldFields(t),
    error: t.field({
      type: "JSON",
      description:
        "The reason, as any JSON value of at most `maxMetadataBytes`. The next claim of the entry and `deadLetters` show it. Default: no reason; an earlier one is removed.",
    }),
    delaySeconds: delayInput(t, failureDelays),
    retry: t.boolean({
      required: true,
      defaultValue: true,
      description:
        "`false` dead-letters the entry now, regardless of its attempts, for example because another attempt would fail as well.",
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

function releasedPayload(name: string, mutation: string) {
  return builder.objectRef<Released>(name).implement({
    description: `The result of \`${mutation}\`.`,
    fields: (t) => ({
      claimableAt: t.field({
        type: "DateTime",
        nullable: true,
        description: "When the entry can be claimed again; null if it is dead-lettered.",
        resolve: (result) => result.claimableAt,
      }),
      deadLettered: t.boolean({
        description: "Whether the entry is dead-lettered.",
        resolve: (result) => result.claimableAt === null,
      }),
      revision: payloadRevision(t),
    }),
  });
}

const releaseClaimPayload = releasedPayload("ReleaseClaimPayload", "releaseClaim");
const failClaimPayload = releasedPayload("FailClaimPayload", "failClaim");

builder.mutationFields((t) => ({
  releaseClaim: t.field({
    type: releaseClaimPayload,
    description: `Gives up a claimed entry: another worker can claim it after the delay. After its last allowed attempt, the entry is dead-lettered. ${lostDescription}`,
    args: {
      input: t.arg({ type: releaseClaimInput, required: true, description: "The claim." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.releaseClaim(viewer, input),
  }),
  failClaim: t.field({
    type: failClaimPayload,
    description: `Ends a claim whose work failed, and keeps the reason. The entry can be claimed again after a delay that grows with its attempts. After its last allowed attempt, it is dead-lettered: it is kept and listed by \`deadLetters\`, but not claimed again until \`requeueEntry\`. ${lostDescription}`,
    args: {
      input: t.arg({
        type: failClaimInput,
        required: true,
        description: "The claim, and the reason why it failed.",
      }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.failClaim(viewer, input),
  }),
}));
