import { badUserInput } from "../../errors.ts";
import { unclaimed, type StoredEntry } from "../model/claim.ts";
import type {
  AppendOperation,
  IncrementOperation,
  OperationResult,
  PatchOperation,
  SetOperation,
} from "../commit/command.ts";
import { requireRevision, type Asker } from "../commit/conditions.ts";
import { appendText } from "../../json/append-text.ts";
import { incrementText } from "../../json/increment-text.ts";
import { JsonText } from "../../json/json-text.ts";
import { mergeMembers, mergePatchText } from "../../json/merge-patch-text.ts";
import { checkMetadataBytes, checkValue, type Limits } from "../model/limits.ts";
import type { Workspace } from "../commit/workspace.ts";

type WriteOperation = SetOperation | IncrementOperation | PatchOperation | AppendOperation;

/** A write that leaves an entry: a set, or a new value made of the one before. */
export function decideWrite(
  limits: Limits,
  workspace: Workspace,
  asker: Asker,
  operation: WriteOperation,
): OperationResult {
  const current = workspace.entry(operation);
  requireRevision(workspace, operation);
  // A set is a new beginning; what else keeps the value keeps its end, too.
  const keepsExpiry = operation.kind !== "set";
  const entry = writtenEntry(limits, workspace, asker, current, {
    ...operation,
    value: newValue(limits, current, operation),
    expiresAt:
      operation.ttlSeconds === null
        ? (keepsExpiry && current?.expiresAt) || null
        : expiryOf(workspace.now, operation.ttlSeconds),
  });
  workspace.write(entry, asker.agent);
  return { kind: "written", entry };
}

function newValue(limits: Limits, current: StoredEntry | null, operation: WriteOperation): string {
  if (operation.kind === "set") return operation.value;
  const text = valueAfter(current?.value ?? null, operation);
  return checkValue(limits, operation.argument, new JsonText(text));
}

/** @param before null where there is no entry */
function valueAfter(
  before: string | null,
  operation: IncrementOperation | PatchOperation | AppendOperation,
): string {
  const { argument } = operation;
  switch (operation.kind) {
    case "increment": {
      const after = incrementText(before, operation.path, operation.by);
      if (after.kind === "incremented") return after.text;
      const isWhole = after.argument === "path" && operation.path.length === 0;
      throw badUserInput(isWhole ? argument : `${argument}.${after.argument}`, after.reason);
    }
    case "patch":
      return mergePatchText(before, operation.patch);
    case "append": {
      const after = appendText(before, operation.item, operation.maxLength);
      if (after !== null) return after;
      throw badUserInput(
        argument,
        "Only an array can be appended to; the entry holds something else. Nothing was changed.",
      );
    }
  }
}

interface Written {
  readonly argument: string;
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly metadata: string | null;
  readonly expiresAt: Date | null;
}

/** The entry as the next change leaves it. */
export function writtenEntry(
  limits: Limits,
  { head, now }: Workspace,
  { agent }: Asker,
  current: StoredEntry | null,
  written: Written,
): StoredEntry {
  const { namespace, key, value, expiresAt } = written;
  const metadata = mergedMetadata(limits, written, current);
  const revision = head + 1n;
  return {
    namespace,
    key,
    value,
    metadata,
    revision,
    createdRevision: current?.createdRevision ?? revision,
    createdAt: current?.createdAt ?? now,
    updatedAt: now,
    createdBy: current ? current.createdBy : agent,
    updatedBy: agent,
    expiresAt,
    claim: current?.claim ?? unclaimed,
    sizeBytes: Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(metadata),
  };
}

/** When an entry ends that lives so long from now on; null for 0, which is for ever. */
export function expiryOf(now: Date, ttlSeconds: number): Date | null {
  return ttlSeconds === 0 ? null : new Date(now.getTime() + ttlSeconds * 1_000);
}

function mergedMetadata(
  limits: Limits,
  { argument, metadata }: Written,
  current: StoredEntry | null,
): string {
  if (metadata === null) return current?.metadata ?? "{}";
  const merged = mergeMembers(current?.metadata ?? "{}", metadata);
  return checkMetadataBytes(limits, `${argument}.metadata`, merged);
}
