import type { Change } from "../model/change.ts";
import type { ClaimState, StoredEntry, StoredHead } from "../model/claim.ts";
import type { Place } from "../model/place.ts";

// The state that a transaction loads, that decisions read, and that the transaction saves.

/** An entry that a command touches. */
export interface WantedEntry {
  readonly userId: string;
  readonly namespace: string;
  readonly key: string;
  readonly withValue: boolean;
}

/** A loaded entry, with its value only if a decision needs it. */
export type LoadedEntry = StoredHead & { readonly value?: string };

/** The state that a decision reads. */
export interface State {
  /** Revision of the latest change. */
  readonly head: bigint;
  /** The database's time when the transaction locked the user's log. */
  readonly now: Date;
  entry(place: Place): LoadedEntry | null;
  /** Every loaded entry. */
  entries(): Iterable<readonly [id: string, entry: LoadedEntry]>;
  /** The number of entries of each namespace that a command can clear. */
  entryCounts(): ReadonlyMap<string, number>;
}

/** An entry that a transaction writes, and the stored entry that it replaces. */
export interface WrittenEntry {
  readonly entry: StoredEntry;
  /** The stored row; null if there is none, or if the transaction clears its namespace first. */
  readonly before: StoredHead | null;
}

/**
 * What happened to a claim. It is `expired` when another worker claims the entry after the lease has ended, or when the
 * entry is dead-lettered then. Nothing happens at the end of a lease itself.
 */
export const claimEvents = [
  "granted",
  "completed",
  "failed",
  "released",
  "revoked",
  "expired",
] as const;
export type ClaimEvent = (typeof claimEvents)[number];

/** The net effect of a transaction on one user's store, applied in the order of the fields. */
export interface Effects {
  /** Namespaces to clear first. */
  readonly cleared: readonly string[];
  /** Rows to remove. */
  readonly deleted: readonly StoredHead[];
  readonly written: readonly WrittenEntry[];
  /** Entries of which only the claim changed. */
  readonly claimed: readonly (Place & ClaimState)[];
  readonly changes: readonly Change[];
  readonly records: readonly IdempotencyRecord[];
  readonly head: bigint;
  /** For the metrics: they are not stored. */
  readonly claimEvents: readonly ClaimEvent[];
}

/** The idempotency record: the result of a mutation with an idempotency key, for its repeats (G12). */
export interface IdempotencyRecord {
  readonly idempotencyKey: string;
  /** SHA-256 of the call, hexadecimal. */
  readonly digest: string;
  readonly at: Date;
  /** Serialised by `serialiseResult`. */
  readonly results: string;
}
