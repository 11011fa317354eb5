import type { Claim } from "../model/claim.ts";
import type { Entry } from "../model/entry.ts";
import type { TextMatch } from "../model/text-match.ts";

/** What one mutation asks of one user's store: all of it or nothing. */
export interface Command {
  readonly userId: string;
  readonly agent: string | null;
  /** Whether a refusal may show the caller what the entry holds. */
  readonly mayRead: boolean;
  /** All must hold before the first operation. */
  readonly conditions: readonly Condition[];
  /** Done one after the other: each finds what those before it left. */
  readonly operations: readonly Operation[];
  /** Makes a repeat of the command return the first one's results and do nothing. */
  readonly idempotency: Idempotency | null;
  /** Entries to remove if they have expired, and nothing otherwise. */
  readonly sweep: readonly Place[];
}

/** Whose command it is. */
export type Caller = Pick<Command, "userId" | "agent" | "mayRead">;

/** A command of operations, and of nothing else unless it is said. */
export function commandOf(
  caller: Caller,
  operations: readonly Operation[],
  more: Partial<Pick<Command, "conditions" | "idempotency" | "sweep">> = {},
): Command {
  return { ...caller, operations, conditions: [], idempotency: null, sweep: [], ...more };
}

interface Idempotency {
  readonly key: string;
  /** Of what was asked: a repeat must ask the same. */
  readonly digest: string;
}

/** Names an entry within a user's store. */
export interface Place {
  readonly namespace: string;
  readonly key: string;
}

/** Tells it from any other entry of any user. */
export function placeId(userId: string, { namespace, key }: Place): string {
  return JSON.stringify([userId, namespace, key]);
}

interface Argument {
  /** Path of it in the caller's input, for refusals. */
  readonly argument: string;
}

/** An entry that must be at a revision (0: absent), or present, or absent. */
export interface Condition extends Place, Argument {
  readonly expected: bigint | "present" | "absent";
}

interface WriteBase extends Place, Argument {
  /** Only if the entry is at this revision; 0: only if it is absent; null: whatever it is. */
  readonly ifRevision: bigint | null;
}

/** A write that leaves an entry. */
interface EntryWrite extends WriteBase {
  /** Merged into what there is, at the top level. */
  readonly metadata: string | null;
  /** How long the entry lives from now on. 0: for ever. null: as before, and for ever where the value is replaced. */
  readonly ttlSeconds: number | null;
}

/** The value, already serialised, replaces. */
export interface SetOperation extends EntryWrite {
  readonly kind: "set";
  readonly value: string;
}

export interface IncrementOperation extends EntryWrite {
  readonly kind: "increment";
  readonly by: number;
  /** Of the number inside the value, by member; empty: the value itself. */
  readonly path: readonly string[];
}

export interface PatchOperation extends EntryWrite {
  readonly kind: "patch";
  readonly patch: string;
}

export interface AppendOperation extends EntryWrite {
  readonly kind: "append";
  readonly item: string;
  /** How many items to keep, the newest; null: all. */
  readonly maxLength: number | null;
}

export interface DeleteOperation extends WriteBase {
  readonly kind: "delete";
}

export interface ClearOperation extends Argument {
  readonly kind: "clear";
  readonly namespaces: readonly TextMatch[];
}

export interface ClaimOperation extends Argument {
  readonly kind: "claim";
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly leaseSeconds: number;
  /** The token of the claim, if there is something to grant. */
  readonly token: string;
}

interface HeldOperation extends Place, Argument {
  readonly token: string;
}

/** Writes the result, if there is one, and ends the work on the entry. */
export interface CompleteOperation extends HeldOperation {
  readonly kind: "complete";
  /** Already serialised; null leaves the value. */
  readonly value: string | null;
  readonly metadata: string | null;
  readonly ttlSeconds: number | null;
}

export interface RenewOperation extends HeldOperation {
  readonly kind: "renew";
  readonly leaseSeconds: number;
}

export interface ReleaseOperation extends HeldOperation {
  readonly kind: "release";
}

export type Operation =
  | SetOperation
  | IncrementOperation
  | PatchOperation
  | AppendOperation
  | DeleteOperation
  | ClearOperation
  | ClaimOperation
  | CompleteOperation
  | RenewOperation
  | ReleaseOperation;

/** What an operation came to. */
export type OperationResult =
  | { readonly kind: "written"; readonly entry: Entry }
  | { readonly kind: "deleted"; readonly deleted: boolean }
  | {
      readonly kind: "cleared";
      /** Entries removed. */
      readonly clearedCount: number;
      /** Namespaces that held any, sorted. */
      readonly namespaces: readonly string[];
    }
  /** Both are null where nothing was free. */
  | { readonly kind: "claimed"; readonly entry: Entry | null; readonly claim: Claim | null }
  | { readonly kind: "renewed"; readonly claim: Claim }
  | { readonly kind: "released" };

/** The bytes that an operation writes, to the entry and to the log. */
export function writtenBytes(result: OperationResult): number {
  return result.kind === "written" ? result.entry.sizeBytes : 0;
}

export interface CommandResult {
  /** In the order of the operations. */
  readonly results: readonly OperationResult[];
  /** The user's head after the command. */
  readonly revision: bigint;
}

/** What a claim is taken for while it waits: the value that it will return is not known yet. */
const claimBytes = 64 * 1024;

/** The bytes that a command keeps in memory while it waits and is done, roughly. */
export function commandBytes(command: Command): number {
  const conditions = command.conditions.length + command.sweep.length;
  return command.operations.reduce(
    (sum, operation) => sum + operationBytes(operation),
    500 * (conditions + 1),
  );
}

function operationBytes(operation: Operation): number {
  const metadata =
    "metadata" in operation && operation.metadata !== null ? operation.metadata.length : 0;
  switch (operation.kind) {
    case "set":
      return 500 + metadata + operation.key.length + operation.value.length;
    case "complete":
      return 500 + metadata + operation.key.length + (operation.value?.length ?? 0);
    case "patch":
      return 500 + metadata + operation.key.length + operation.patch.length;
    case "append":
      return 500 + metadata + operation.key.length + operation.item.length;
    case "claim":
      return claimBytes;
    default:
      return 500 + metadata;
  }
}
