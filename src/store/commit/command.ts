import type { BatonError } from "../../errors.ts";
import type { EntryHead, Entry } from "../model/entry.ts";
import type { Place } from "../model/place.ts";
import { baseSizeBytes, type Condition, type OperationResult } from "../operations/operation.ts";
import { typeOf, type Operation } from "../operations/operations.ts";

/** What one mutation asks of one user's store. It applies completely or not at all (G6). */
export interface Command {
  readonly userId: string;
  /** The agent that its changes are recorded under; null without a name. */
  readonly agent: string | null;
  /** Whether a refusal may show the caller what is stored. */
  readonly mayRead: boolean;
  /** All must hold before the first operation. */
  readonly conditions: readonly Condition[];
  /** Done in this order. Each one finds what those before it left. */
  readonly operations: readonly Operation[];
  /** Makes a repeat of the command return the first result and write nothing (G12). */
  readonly idempotency: Idempotency | null;
  /** Entries to remove if they have expired. */
  readonly sweep: readonly Place[];
}

/** Whose command it is. */
export type Caller = Pick<Command, "userId" | "agent" | "mayRead">;

export interface Idempotency {
  /** The key under which the answer is kept: see `recordKey`. */
  readonly key: string;
  /** Digest of what was asked: a repeat must ask the same. */
  readonly digest: string;
}

/** A command of these operations. Whatever `more` does not give is empty. */
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
  /** In the order of the operations. */
  readonly results: readonly OperationResult<Shown>[];
  /** The user's head after the command. */
  readonly revision: bigint;
}

/** What came of one command: its result, why it was refused, or that the transaction was full before it. */
export type Outcome =
  | { readonly result: CommandResult }
  | { readonly refusal: BatonError }
  | { readonly postponed: true };

/** Bytes that a command holds in memory while it waits and is done, roughly. */
export function commandBytes({ conditions, sweep, operations }: Command): number {
  let bytes = baseSizeBytes * (conditions.length + sweep.length + 1);
  for (const operation of operations) {
    const metadata =
      "metadata" in operation && operation.metadata !== null ? operation.metadata.length : 0;
    bytes += metadata + typeOf(operation).sizeBytes(operation);
  }
  return bytes;
}
