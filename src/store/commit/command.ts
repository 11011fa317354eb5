import type { BatonError } from "../../errors.ts";
import type { EntryHead, Entry } from "../model/entry.ts";
import type { Place } from "../model/place.ts";
import { baseSizeBytes, type Condition, type OperationResult } from "../operations/operation.ts";
import { typeOf, type Operation } from "../operations/operations.ts";

/** The writes of one mutation to one user's store. A command applies completely or not at all (G6). */
export interface Command {
  readonly userId: string;
  /** The agent that its changes are recorded with; null without a name. */
  readonly agent: string | null;
  /** Whether an error can show the caller what is stored. */
  readonly mayRead: boolean;
  /** All must hold before the first operation. */
  readonly conditions: readonly Condition[];
  /** Applied in this order. Each operation sees the result of those before it. */
  readonly operations: readonly Operation[];
  /** Makes a repeat of the command return the first result and write nothing (G12). */
  readonly idempotency: Idempotency | null;
  /** Entries to remove if they have expired. */
  readonly sweep: readonly Place[];
}

/** The caller of a command. */
export type Caller = Pick<Command, "userId" | "agent" | "mayRead">;

export interface Idempotency {
  /** The key of the idempotency record: see `recordKey`. */
  readonly key: string;
  /** The digest of the call: a repeat must have the same. */
  readonly digest: string;
}

/** Makes a command of operations. Fields that `more` omits are empty. */
export function commandOf(
  caller: Caller,
  operations: readonly Operation[],
  more: Partial<Pick<Command, "conditions" | "idempotency" | "sweep">> = {},
): Command {
  const { conditions = [], idempotency = null, sweep = [] } = more;
  const { userId, agent, mayRead } = caller;
  return { userId, agent, mayRead, operations, conditions, idempotency, sweep };
}

export interface CommandResult<Shown extends EntryHead = Entry> {
  /** One for each operation, in their order. */
  readonly results: readonly OperationResult<Shown>[];
  /** The user's head revision after the command. */
  readonly revision: bigint;
}

/**
 * The outcome of one command: its result, its refusal, or that it was postponed to the next transaction, because this one
 * was full, or because the command is large.
 */
export type Outcome =
  | { readonly result: CommandResult }
  | { readonly refusal: BatonError }
  | { readonly postponed: Postponed };

/** Why a command was postponed. */
export type Postponed = "full" | "large";

/** The memory that a command takes while it waits and is executed, in bytes, approximately. */
export function commandBytes({ conditions, sweep, operations }: Command): number {
  let bytes = baseSizeBytes * (conditions.length + sweep.length + 1);
  for (const operation of operations) {
    const metadata =
      "metadata" in operation && operation.metadata !== null ? operation.metadata.length : 0;
    bytes += metadata + typeOf(operation).sizeBytes(operation);
  }
  return bytes;
}
