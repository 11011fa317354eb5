import type { Draft } from "../commit/draft.ts";
import { unclaimed, type StoredEntry, type StoredHead } from "../model/claim.ts";
import { JsonText } from "../../json/json-text.ts";
import type { Steps } from "../../json/long-value-parts.ts";
import { mergeMembers } from "../../json/merge-patch-text.ts";
import { checkMetadataBytes, checkValue, type Limits } from "../model/limits.ts";
import type { Condition, OperationResult, Rules, Unmet, Write, EntryWrite } from "./operation.ts";

// The steps that several kinds of operations share when they write an entry.

type WrittenResult = Extract<OperationResult, { kind: "written" }>;

/** Whether a condition holds for the entry of a place. */
export function holds({ expected }: Condition, current: StoredHead | null): boolean {
  return typeof expected === "bigint"
    ? (current?.revision ?? 0n) === expected
    : (current !== null) === (expected === "present");
}

/** Returns the condition of a write if it does not hold; null if it holds, or if the write has none. */
export function unmetRevision(
  { argument, namespace, key, ifRevision }: Write,
  current: StoredHead | null,
): Unmet | null {
  if (ifRevision === null) return null;
  const condition = { argument: `${argument}.ifRevision`, namespace, key, expected: ifRevision };
  return holds(condition, current) ? null : { kind: "unmet", condition };
}

/** Writes a value computed from the current one, in steps. The entry keeps its expiry unless the write sets another. */
export function* writeNewValue(
  draft: Draft,
  rules: Rules,
  write: EntryWrite,
  valueAfter: (before: string | null) => string | Steps<string>,
): Steps<WrittenResult | Unmet> {
  const current = draft.entry(write);
  const unmet = unmetRevision(write, current);
  if (unmet) return unmet;
  const after = valueAfter(current && draft.value(current));
  const value = typeof after === "string" ? after : yield* after;
  return writeEntry(draft, rules, current, {
    ...write,
    value: checkValue(rules.limits, write.argument, new JsonText(value)),
    expiresAt: expiryAfter(draft.now, write.ttlSeconds, current?.expiresAt ?? null),
  });
}

/** The fields of an entry that a write sets. */
interface Written {
  readonly argument: string;
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly metadata: string | null;
  readonly expiresAt: Date | null;
}

/** Writes an entry as the next change. */
export function writeEntry(
  draft: Draft,
  { agent, limits }: Rules,
  current: StoredHead | null,
  written: Written,
): WrittenResult {
  const entry = entryAfter(draft, limits, agent, current, written);
  draft.write(entry);
  return { kind: "written", entry };
}

/** Returns the entry as the next change of the draft leaves it. */
export function entryAfter(
  { head, now }: Draft,
  limits: Limits,
  agent: string | null,
  current: StoredHead | null,
  written: Written,
): StoredEntry {
  const { namespace, key, value, expiresAt } = written;
  const metadata = mergedMetadata(limits, written, current);
  const revision = head + 1n;
  const work = current ?? unclaimed;
  return {
    namespace,
    key,
    revision,
    createdRevision: current?.createdRevision ?? revision,
    createdAt: current?.createdAt ?? now,
    updatedAt: now,
    createdBy: current ? current.createdBy : agent,
    updatedBy: agent,
    expiresAt,
    claimToken: work.claimToken,
    claimAgent: work.claimAgent,
    claimAttempt: work.claimAttempt,
    claimMaxAttempts: work.claimMaxAttempts,
    claimExpiresAt: work.claimExpiresAt,
    claimFailedAt: work.claimFailedAt,
    claimError: work.claimError,
    isCompleted: work.isCompleted,
    isDeadLettered: work.isDeadLettered,
    sizeBytes: Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(metadata),
    metadata,
    value,
  };
}

/**
 * Returns when an entry expires after a write; null: never.
 * @param ttlSeconds 0: never; null: at `otherwise`
 */
export function expiryAfter(
  now: Date,
  ttlSeconds: number | null,
  otherwise: Date | null,
): Date | null {
  if (ttlSeconds === null) return otherwise;
  return ttlSeconds === 0 ? null : new Date(now.getTime() + ttlSeconds * 1_000);
}

function mergedMetadata(
  limits: Limits,
  { argument, metadata }: Written,
  current: StoredHead | null,
): string {
  if (metadata === null) return current?.metadata ?? "{}";
  const merged = mergeMembers(current?.metadata ?? "{}", metadata);
  return checkMetadataBytes(limits, `${argument}.metadata`, merged);
}
