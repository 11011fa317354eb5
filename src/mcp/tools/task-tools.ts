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

/** A model takes minutes for what a program does in seconds. */
const defaultLeaseSeconds = 300;

const claimTask = tool({
  name: "baton_claim_task",
  title: "Claim a task",
  description:
    "Take the next free entry of a namespace as your task, so that no other agent works on it at the same time. You hold it until its lease ends. When you are done, call baton_finish_task with the token.",
  writes: "adds",
  fields: {
    namespace: namespaceField,
    keyPrefix: withDefault(text, "", "Only keys that begin with this, such as task:."),
    where: whereField,
    leaseSeconds: withDefault(
      integer,
      defaultLeaseSeconds,
      "How long you hold it. Longer than the work takes; renew it if needed.",
    ),
    maxAttempts: optional(integer, "Give up a task that was claimed so often. Default: never."),
  },
  async run({ writer, session: { viewer } }, { namespace, where, ...input }) {
    // The task is an entry's value.
    requireAll(viewer, "read", [namespace]);
    const asked = { namespace, ...input, where: whereOf(where) };
    const { entry, claim } = await writer.claimEntry(viewer, asked);
    if (!entry || !claim) {
      const next = "No task is free. Do something else, and call again later.";
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
    "End your claim of a task: complete it with its result, release it for another agent, or report that it failed. Or renew the lease when you need more time.",
  writes: "replaces",
  fields: {
    namespace: namespaceField,
    key: required(text, "The key of the task."),
    token: required(text, "The token that baton_claim_task gave."),
    outcome: required(
      choice(["complete", "release", "fail", "renew"]),
      "complete: it is done. release: you do not do it; another agent may. fail: it went wrong; it is tried again later. renew: you still work on it.",
    ),
    value: optional(json, "For complete: the result, which replaces the value. Default: it stays."),
    error: optional(json, "For fail: why, for whoever tries next."),
    retry: withDefault(boolean, true, "For fail: false if no other attempt can succeed."),
    delaySeconds: optional(integer, "For release and fail: how long nobody may claim it."),
    leaseSeconds: withDefault(integer, defaultLeaseSeconds, "For renew: seconds from now on."),
  },
  async run({ writer, session: { viewer } }, values): Promise<ToolResult> {
    const { namespace, key, token, outcome, value, error, retry, delaySeconds, leaseSeconds } =
      values;
    const held = { namespace, key, token };
    switch (outcome) {
      case "complete": {
        // A claim is completed once, so its token can name the call: a repeat gets the first answer.
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
  return { isDeadLettered: true, next: "It is not handed out again; a person must look at it." };
}

/** Tools for work that agents share. */
export const taskTools: readonly Tool[] = [claimTask, finishTask];
