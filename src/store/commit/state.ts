import type { Change } from "../model/change.ts";
import type { ClaimState, StoredEntry, StoredHead } from "../model/claim.ts";
import type { Place } from "../model/place.ts";

// What a transaction loads, what decisions read of it, and what it saves.

/** An entry that a command touches. */
export interface WantedEntry {
  readonly userId: string;
  readonly namespace: string;
  readonly key: string;
  readonly withValue: boolean;
}

/** An entry that was loaded; its value only where a decision needs it. */
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
  /** How many entries each namespace holds; only of namespaces that a command may clear. */
  entryCounts(): ReadonlyMap<string, number>;
}

/** An entry that a transaction writes, and the stored one that it replaces. */
export interface WrittenEntry {
  readonly entry: StoredEntry;
  /** The row that is stored; null where there is none, or where the transaction clears its namespace first. */
  readonly before: StoredHead | null;
}

/** The net effect of a transaction on one user's store, to be applied in the order of the fields. */
export interface Effects {
  /** Namespaces to empty first. */
  readonly cleared: readonly string[];
  /** Rows to remove. */
  readonly deleted: readonly StoredHead[];
  readonly written: readonly WrittenEntry[];
  /** Entries of which only the claim changed. */
  readonly claimed: readonly (Place & ClaimState)[];
  readonly changes: readonly Change[];
  readonly records: readonly IdempotencyRecord[];
  readonly head: bigint;
}

/** The result of a mutation with an idempotency key, kept for its repeats (G12). */
export interface IdempotencyRecord {
  readonly idempotencyKey: string;
  /** SHA-256 of what was asked, hexadecimal. */
  readonly digest: string;
  readonly at: Date;
  /** Serialised by `serialiseResult`. */
  readonly results: string;
}
