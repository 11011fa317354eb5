import { JsonText } from "../../json/json-text.ts";
import type { Claim } from "../../store/model/claim.ts";
import { requireAll } from "../../store/model/viewer.ts";
import {
  boolean,
  choice,
  integer,
  json,
  optional,
  required,
  text,
  withDefault,
} from "../fields.ts";
import { maxShownUnits, shownValue } from "../shown-value.ts";
import { namespaceField, tool, type Tool, type ToolResult } from "../tool.ts";
import { whereField, whereOf } from "./where-field.ts";

/** A model takes minutes for work that a program does in seconds. */
const defaultLeaseSeconds = 300;

const claimTask = tool({
  name: "baton_claim_task",
  title: "Claim a task",
  description:
    "Take the next free entry of a namespace as your task, so that no other agent works on it at the same time. You hold it until the lease ends. When the task is done, call baton_finish_task with the token.",
  writes: "adds",
  fields: {
    namespace: namespaceField,
    keyPrefix: withDefault(text, "", "Only keys that begin with this, such as task:."),
    where: whereField,
    leaseSeconds: withDefault(
      integer,
      defaultLeaseSeconds,
      "How long you hold the task. Choose more than the work needs. You can renew the lease.",
    ),
    maxAttempts: optional(integer, "Give up a task after this many attempts. Default: no limit."),
  },
  async run({ writer, session: { viewer } }, { namespace, where, ...input }) {
    // The value of the entry is the task, so claiming it needs the scope `read`.
    requireAll(viewer, "read", [namespace]);
    const asked = { namespace, ...input, where: whereOf(where) };
    const { entry, claim } = await writer.claimEntry(viewer, asked);
    if (!entry || !claim) {
      const next = "No task is free. Do other work, and call again later.";
      return { claimed: false, namespace, next };
    }
    const rest = (end: number) =>
      `The value is longer. Read the rest with baton_get: offset: ${end}. When the task is done, call baton_finish_task.`;
    return {
      claimed: true,
      namespace,
      key: entry.key,
      next: "Do the task, then call baton_finish_task with this namespace, key and token.",
      ...shownValue(entry.value, maxShownUnits, rest),
      revision: String(entry.revision),
      ...claimFacts(claim),
    };
  },
});

function claimFacts({ token, expiresAt, attempt, maxAttempts, error }: Claim) {
  return {
    token,
    leaseEndsAt: expiresAt.toISOString(),
    attempt,
    maxAttempts: maxAttempts ?? undefined,
    lastError: error === null ? undefined : new JsonText(error),
  };
}

const finishTask = tool({
  name: "baton_finish_task",
  title: "Complete or give back a task",
  description:
    "End your claim of a task: complete it with its result, release it for another agent, or report that it failed. If you need more time, renew the lease instead.",
  writes: "replaces",
  fields: {
    namespace: namespaceField,
    key: required(text, "The key of the task."),
    token: required(text, "The token that baton_claim_task returned."),
    outcome: required(
      choice(["complete", "release", "fail", "renew"]),
      "complete: the task is done. release: you stop, and another agent can claim it. fail: the task failed, and is tried again later. renew: you are still working on it.",
    ),
    value: optional(
      json,
      "For complete: the result, which replaces the value. Default: the value stays.",
    ),
    error: optional(json, "For fail: the reason, for the next attempt."),
    retry: withDefault(boolean, true, "For fail: false if another attempt cannot succeed."),
    delaySeconds: optional(integer, "For release and fail: how long no agent can claim the task."),
    leaseSeconds: withDefault(integer, defaultLeaseSeconds, "For renew: seconds from now."),
  },
  async run({ writer, session: { viewer } }, values): Promise<ToolResult> {
    const { namespace, key, token, outcome, value, error, retry, delaySeconds, leaseSeconds } =
      values;
    const held = { namespace, key, token };
    switch (outcome) {
      case "complete": {
        // A claim is completed once, so its token serves as the idempotency key: a repeat gets the first result.
        const repeatable = { ...held, idempotencyKey: token };
        const { entry } = await writer.completeClaim(viewer, {
          ...repeatable,
          ...(value === null ? {} : { value }),
        });
        return { outcome, namespace, key, revision: String(entry.revision) };
      }
      case "renew": {
        const { claim } = await writer.renewClaim(viewer, { ...held, leaseSeconds });
        return { outcome, namespace, key, leaseEndsAt: claim.expiresAt.toISOString() };
      }
      case "release": {
        const { claimableAt } = await writer.releaseClaim(viewer, { ...held, delaySeconds });
        return { outcome, namespace, key, ...claimableFrom(claimableAt) };
      }
      case "fail": {
        const failure = { ...held, error, retry, delaySeconds };
        const { claimableAt } = await writer.failClaim(viewer, failure);
        return { outcome, namespace, key, ...claimableFrom(claimableAt) };
      }
    }
  },
});

function claimableFrom(claimableAt: Date | null): ToolResult {
  if (claimableAt !== null) return { claimableAt: claimableAt.toISOString() };
  return {
    isDeadLettered: true,
    next: "No agent can claim the task again. A person must check it.",
  };
}

/** Tools for work that agents share. */
export const taskTools: readonly Tool[] = [claimTask, finishTask];
