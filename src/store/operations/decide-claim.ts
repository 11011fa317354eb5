import { BatonError } from "../../errors.ts";
import { isHeld, type Claim, type StoredEntry } from "../model/claim.ts";
import type {
  ClaimOperation,
  CompleteOperation,
  OperationResult,
  Place,
  ReleaseOperation,
  RenewOperation,
} from "../commit/command.ts";
import type { Asker } from "../commit/conditions.ts";
import { expiryOf, writtenEntry } from "./decide-write.ts";
import type { Limits } from "../model/limits.ts";
import type { Workspace } from "../commit/workspace.ts";

export function decideClaim(
  workspace: Workspace,
  { namespace, keys, leaseSeconds, token }: ClaimOperation,
): OperationResult {
  const entry = workspace.firstFree(namespace, keys);
  if (!entry) return { kind: "claimed", entry: null, claim: null };
  const claim = {
    token,
    expiresAt: leaseEnd(workspace, leaseSeconds),
    attempt: entry.claim.attempt + 1,
  };
  return {
    kind: "claimed",
    entry: workspace.setClaim(entry, { ...claim, isCompleted: false }),
    claim,
  };
}

export function decideComplete(
  limits: Limits,
  workspace: Workspace,
  asker: Asker,
  operation: CompleteOperation,
): OperationResult {
  const held = requireHeld(workspace, operation);
  const { value, ttlSeconds } = operation;
  const entry: StoredEntry = {
    ...writtenEntry(limits, workspace, asker, held, {
      ...operation,
      value: value ?? held.value,
      expiresAt: ttlSeconds === null ? held.expiresAt : expiryOf(workspace.now, ttlSeconds),
    }),
    claim: { ...held.claim, token: null, expiresAt: null, isCompleted: true },
  };
  workspace.write(entry, asker.agent);
  return { kind: "written", entry };
}

export function decideRenew(workspace: Workspace, operation: RenewOperation): OperationResult {
  const held = requireHeld(workspace, operation);
  const expiresAt = leaseEnd(workspace, operation.leaseSeconds);
  workspace.setClaim(held, { ...held.claim, expiresAt });
  const claim: Claim = { token: operation.token, expiresAt, attempt: held.claim.attempt };
  return { kind: "renewed", claim };
}

export function decideRelease(workspace: Workspace, operation: ReleaseOperation): OperationResult {
  const held = requireHeld(workspace, operation);
  workspace.setClaim(held, { ...held.claim, token: null, expiresAt: null });
  return { kind: "released" };
}

function leaseEnd({ now }: Workspace, leaseSeconds: number): Date {
  return new Date(now.getTime() + leaseSeconds * 1_000);
}

/**
 * The entry that the token's claim holds.
 * @throws CLAIM_LOST when it holds none: whatever its bearer did meanwhile, nothing of it is written
 */
function requireHeld(
  workspace: Workspace,
  {
    argument,
    namespace,
    key,
    token,
  }: Place & { readonly argument: string; readonly token: string },
): StoredEntry {
  const entry = workspace.entry({ namespace, key });
  if (entry && entry.claim.token === token && isHeld(entry.claim, workspace.now)) return entry;
  throw new BatonError(
    "CLAIM_LOST",
    `This claim of ${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)} is over: ${reason(entry, token)}. ` +
      "Nothing was changed. Give this work up and claim anew.",
    { argument: `${argument}.token`, namespace, key },
  );
}

function reason(entry: StoredEntry | null, token: string): string {
  if (!entry) return "there is no such entry any more";
  if (entry.claim.isCompleted) return "it is completed";
  if (entry.claim.token === token) return "its lease has ended";
  return "it was released or its lease ended, and another may have it now";
}
