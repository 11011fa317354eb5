import { jsonTextOf, type JsonText } from "../../src/json/json-text.ts";
import { isDeepStrictEqual } from "node:util";
import type { OperationResult } from "../../src/store/operations/operation.ts";
import type { Claim } from "../../src/store/model/claim.ts";
import type { Entry } from "../../src/store/model/entry.ts";
import { BatonError } from "../../src/errors.ts";
import type { Released, Writer } from "../../src/store/writer.ts";
import { leaseSeconds, type Call, type Place } from "./calls.ts";
import { viewerWith } from "../viewer.ts";

/** An entry as the model stores it. */
export interface Stored extends Place {
  readonly value: unknown;
  readonly metadata: Record<string, unknown>;
  readonly revision: number;
  readonly createdRevision: number;
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  /** In seconds since the change with this revision. */
  readonly lifetime: { readonly from: number; readonly seconds: number } | null;
  readonly isOver: boolean;
  readonly token: string | null;
  readonly attempt: number;
  readonly maxAttempts: number | null;
  /** The entry cannot be claimed now: a claim holds it, or, without a token, a delay is not over. */
  readonly isHeld: boolean;
  readonly hasFailed: boolean;
  readonly error: unknown;
  readonly isCompleted: boolean;
  readonly isDeadLettered: boolean;
}

/** The properties of an entry that the model knows, for comparison. */
export interface Shown extends Place {
  readonly value: string;
  readonly metadata: string;
  readonly revision: number;
  readonly createdRevision: number;
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  readonly expires: boolean;
  readonly sizeBytes: number;
}

export type Result =
  | { readonly written: Shown }
  | { readonly deleted: boolean }
  | { readonly cleared: number; readonly namespaces: readonly string[] }
  | { readonly claimed: Shown | null; readonly claim?: Granted }
  | { readonly renewed: Granted }
  | { readonly released: "now" | "later" | "never" }
  | { readonly reopened: boolean }
  | { readonly requeued: boolean };

/** The properties of a claim that the model knows. */
interface Granted {
  readonly attempt: number;
  readonly maxAttempts: number | null;
  readonly hasFailed: boolean;
  readonly error: string;
}

export function granted({ attempt, maxAttempts, hasFailed, error }: Stored): Granted {
  return { attempt, maxAttempts, hasFailed, error: canonical(error) };
}

function grantedOf({ attempt, maxAttempts, failedAt, error }: Claim): Granted {
  const hasFailed = failedAt !== null;
  return { attempt, maxAttempts, hasFailed, error: canonical(JSON.parse(error ?? "null")) };
}

function releasedOf({ claimableAt }: Released): Result {
  if (claimableAt === null) return { released: "never" };
  return { released: claimableAt.getTime() > Date.now() + 60_000 ? "later" : "now" };
}

/** The outcome of a call. */
export type Answer =
  | { readonly results: readonly Result[]; readonly revision: number }
  | { readonly code: string; readonly currentRevision?: number; readonly currentValue?: string };

/** A text that is equal for equal values, regardless of the order of their members. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner === "bigint") return String(inner);
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

export function shown(entry: Stored): Shown {
  const { namespace, key, revision, createdRevision, createdBy, updatedBy } = entry;
  const value = canonical(entry.value);
  const metadata = canonical(entry.metadata);
  return {
    namespace,
    key,
    value,
    metadata,
    revision,
    createdRevision,
    createdBy,
    updatedBy,
    expires: entry.lifetime !== null,
    sizeBytes: Buffer.byteLength(key + value + metadata),
  };
}

/** The same for an entry of the store. */
export function shownEntry(entry: Entry): Shown {
  const { namespace, key, createdBy, updatedBy, sizeBytes } = entry;
  return {
    namespace,
    key,
    createdBy,
    updatedBy,
    sizeBytes,
    value: canonical(JSON.parse(entry.value)),
    metadata: canonical(JSON.parse(entry.metadata)),
    revision: Number(entry.revision),
    createdRevision: Number(entry.createdRevision),
    expires: entry.expiresAt !== null,
  };
}

/** The result of a call, and the token of the claim if it was granted one. */
export interface Sent {
  readonly answer: Answer;
  readonly token: string | undefined;
}

/** Sends a call. It is submitted when this function returns, so that calls sent together share a transaction. */
export async function send(writer: Writer, userId: string, call: Call): Promise<Sent> {
  try {
    const { results, revision, token } = await perform(writer, userId, call);
    return { answer: { results: [...results], revision: Number(revision) }, token };
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    const { code } = error;
    const { currentRevision, currentValue } = error.extensions;
    const more = code === "CONFLICT" && {
      currentRevision: Number(currentRevision),
      currentValue: canonical(JSON.parse((currentValue as JsonText).text)),
    };
    return { answer: { code, ...more }, token: undefined };
  }
}

const jsonNames = new Set(["value", "patch", "metadata", "error"]);

/** `patch` is also the name of an operation. */
function isOperation(member: unknown): boolean {
  return typeof member === "object" && member !== null && "namespace" in member;
}

/** The same input, with the text of each JSON value in its place. */
function withTexts<T>(input: T): T {
  if (Array.isArray(input)) return input.map(withTexts) as T;
  if (typeof input !== "object" || input === null) return input;
  const members = Object.entries(input).map(([name, member]: [string, unknown]) =>
    jsonNames.has(name) && member !== undefined && !isOperation(member)
      ? [name, jsonTextOf(member)]
      : [name, withTexts(member)],
  );
  return Object.fromEntries(members) as T;
}

interface Performed {
  readonly results: readonly Result[];
  readonly revision: bigint;
  readonly token?: string | undefined;
}

async function perform(writer: Writer, userId: string, call: Call): Promise<Performed> {
  const { agent, do: _, ...plain } = call;
  const input = withTexts(plain);
  const viewer = viewerWith(userId, agent);
  switch (call.do) {
    case "write": {
      const { idempotencyKey } = call;
      const [kind, asked] = Object.entries(call.operation)[0] as ["set", never];
      const repeatable = { ...withTexts(asked as object), idempotencyKey } as never;
      const answer = await {
        set: () => writer.setEntry(viewer, repeatable),
        increment: () => writer.incrementEntry(viewer, repeatable),
        patch: () => writer.patchEntry(viewer, repeatable),
        append: () => writer.appendToEntry(viewer, repeatable),
        delete: () => writer.deleteEntry(viewer, repeatable),
        clear: () => writer.clearNamespace(viewer, repeatable),
        reopen: () => writer.reopenEntry(viewer, repeatable),
        requeue: () => writer.requeueEntry(viewer, repeatable),
      }[kind as "set"]();
      return { results: [resultOf(answer as never)], revision: answer.revision };
    }
    case "clear all": {
      const answer = await writer.clearNamespaces(viewer, input as never);
      return { results: [resultOf(answer)], revision: answer.revision };
    }
    case "transact": {
      const { results, revision } = await writer.transact(viewer, input as never);
      return { results: results.map(resultOf), revision };
    }
    case "claim": {
      const asked = { ...(input as { namespace: string; keyPrefix: string }), leaseSeconds };
      const { entry, claim, revision } = await writer.claimEntry(viewer, asked);
      const claimed = entry && shownEntry(entry);
      const results = [claim ? { claimed, claim: grantedOf(claim) } : { claimed }];
      return { results, revision, token: claim?.token };
    }
    case "complete": {
      const { entry, results, revision } = await writer.completeClaim(viewer, input as never);
      return { results: [{ written: shownEntry(entry) }, ...results.map(resultOf)], revision };
    }
    case "renew": {
      const asked = { ...(input as Place & { token: string }), leaseSeconds };
      const { claim, revision } = await writer.renewClaim(viewer, asked);
      return { results: [{ renewed: grantedOf(claim) }], revision };
    }
    case "release": {
      const released = await writer.releaseClaim(viewer, input as never);
      return { results: [releasedOf(released)], revision: released.revision };
    }
    case "fail": {
      const released = await writer.failClaim(viewer, input as never);
      return { results: [releasedOf(released)], revision: released.revision };
    }
  }
}

function resultOf(result: OperationResult | Partial<OperationResult>): Result {
  if ("entry" in result && result.entry) return { written: shownEntry(result.entry) };
  if ("deleted" in result) return { deleted: result.deleted as boolean };
  if ("reopened" in result) return { reopened: result.reopened as boolean };
  if ("requeued" in result) return { requeued: result.requeued as boolean };
  const { clearedCount, namespaces } = result as OperationResult & { kind: "cleared" };
  return { cleared: clearedCount, namespaces };
}

/** The result of a claim that found nothing free is not recorded for its repeats. */
export function isNothingFree(results: readonly Result[]): boolean {
  return isDeepStrictEqual(results, [{ claimed: null }]);
}
