import type { Change } from "../model/change.ts";
import type { StoredEntry, StoredHead } from "../model/claim.ts";
import { isExpired } from "../model/entry.ts";
import { placeId, type Place } from "../model/place.ts";
import type { Draft } from "./draft.ts";
import { NetEffect } from "./net-effect.ts";
import type { ClaimEvent, Effects, IdempotencyRecord, LoadedEntry, State } from "./state.ts";

/** The loaded state of one user's store. */
export interface LoadedState {
  readonly head: bigint;
  readonly now: Date;
  /** The entries that a command touches, and for claims the first free entries. */
  readonly entries: Iterable<LoadedEntry>;
  readonly entryCounts: ReadonlyMap<string, number>;
}

/**
 * One user's store within a transaction: the loaded state with the changes of the commands so far. Expired entries are
 * removed before the first decision, so that each expiry is one change (G8).
 */
export class UserState implements State {
  readonly now: Date;
  readonly #stored: ReadonlyMap<string, LoadedEntry>;
  readonly #entries: Map<string, LoadedEntry>;
  readonly #entryCounts: Map<string, number>;
  readonly #changes: Change[] = [];
  readonly #claimed = new Set<string>();
  readonly #claimEvents: ClaimEvent[] = [];
  #head: bigint;

  constructor({ head, now, entries, entryCounts }: LoadedState) {
    this.#head = head;
    this.now = now;
    const stored = new Map<string, LoadedEntry>();
    for (const entry of entries) stored.set(placeId(entry), entry);
    this.#stored = stored;
    this.#entries = new Map(stored);
    this.#entryCounts = new Map(entryCounts);
    for (const [id, entry] of stored) if (isExpired(entry, now)) this.#expire(id, entry);
  }

  get head(): bigint {
    return this.#head;
  }

  entry(place: Place): LoadedEntry | null {
    return this.#entries.get(placeId(place)) ?? null;
  }

  entries(): Iterable<readonly [string, LoadedEntry]> {
    return this.#entries;
  }

  entryCounts(): ReadonlyMap<string, number> {
    return this.#entryCounts;
  }

  /** Applies the changes of a command. */
  apply(draft: Draft): void {
    if (draft.cleared.size > 0) {
      for (const [id, { namespace }] of this.#entries) {
        if (draft.cleared.has(namespace)) this.#entries.delete(id);
      }
    }
    for (const [id, entry] of draft.entries) {
      if (entry === null) this.#entries.delete(id);
      else this.#entries.set(id, entry);
    }
    for (const [namespace, count] of draft.entryCounts) this.#entryCounts.set(namespace, count);
    for (const id of draft.claimed) this.#claimed.add(id);
    for (const change of draft.changes) this.#changes.push(change);
    for (const event of draft.claimEvents) this.#claimEvents.push(event);
    this.#head = draft.head;
  }

  /** Returns the net effect of all changes; null if nothing changed. */
  effects(records: readonly IdempotencyRecord[]): Effects | null {
    if (this.#changes.length + this.#claimed.size + records.length === 0) return null;
    const net = new NetEffect();
    for (const { namespace, key } of this.#changes) {
      if (key === null) net.clear(namespace);
      // An entry that this transaction wrote always has its value.
      else net.leave({ namespace, key }, this.entry({ namespace, key }) as StoredEntry | null);
    }
    const claimed: StoredHead[] = [];
    for (const id of this.#claimed) {
      const entry = this.#entries.get(id);
      if (entry && !net.has(entry)) claimed.push(entry);
    }
    const changes = this.#changes;
    const head = this.#head;
    const claimEvents = this.#claimEvents;
    return { ...net.effects(this.#stored), claimed, changes, records, head, claimEvents };
  }

  #expire(id: string, { namespace, key }: LoadedEntry): void {
    this.#entries.delete(id);
    this.#head += 1n;
    this.#changes.push({
      kind: "EXPIRED",
      revision: this.#head,
      namespace,
      key,
      agent: null,
      at: this.now,
      entry: null,
    });
  }
}
