import type { Change } from "../model/change.ts";
import { isFree, type ClaimState, type StoredEntry } from "../model/claim.ts";
import { shownEntry } from "../model/entry.ts";
import { placeId, type Place } from "../model/place.ts";
import { compareText, matches, type TextMatch } from "../model/text-match.ts";
import type { ClaimEvent, LoadedEntry, State } from "./state.ts";

/**
 * The changes of one command to a state, which the draft does not modify. The draft of a refused command is discarded,
 * so a command applies completely or not at all (G6).
 */
export class Draft {
  readonly now: Date;
  /** The namespaces that were cleared. */
  readonly cleared = new Set<string>();
  /** The new state of each place that the command changed; null: deleted. */
  readonly entries = new Map<string, LoadedEntry | null>();
  /** The places whose claim changed. */
  readonly claimed = new Set<string>();
  readonly changes: Change[] = [];
  readonly claimEvents: ClaimEvent[] = [];
  readonly #state: State;
  readonly #counts = new Map<string, number>();
  #head: bigint;
  #addsData = false;

  constructor(state: State) {
    this.#state = state;
    this.#head = state.head;
    this.now = state.now;
  }

  /** Revision of the latest change. */
  get head(): bigint {
    return this.#head;
  }

  /** Whether the command leaves an entry with a new revision, or stores the error of a failed claim. */
  get addsData(): boolean {
    return this.#addsData;
  }

  /** Returns the entry at a place. */
  entry(place: Place): LoadedEntry | null {
    const own = this.entries.get(placeId(place));
    if (own !== undefined) return own;
    return this.cleared.has(place.namespace) ? null : this.#state.entry(place);
  }

  /** Returns the value of an entry whose operation needs it: see `OperationType.touches`. */
  value({ namespace, key, value }: LoadedEntry): string {
    if (value !== undefined) return value;
    throw new Error(`The value of ${JSON.stringify([namespace, key])} was not loaded.`);
  }

  /** The entry counts of namespaces that differ from the state's. */
  get entryCounts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /**
   * Yields the namespaces that match and hold entries, in the order of their names, with the number of entries. A command
   * that can clear several namespaces is the first of its user's transaction, so the state holds all of their names.
   */
  *clearable(options: readonly TextMatch[]): Iterable<[namespace: string, count: number]> {
    const [only, another] = options;
    const counts = this.#state.entryCounts();
    const names = only?.kind === "exact" && !another ? [only.text] : counts.keys();
    for (const name of names) {
      const count = this.#counts.get(name) ?? counts.get(name) ?? 0;
      if (count > 0 && options.some((match) => matches(match, name))) yield [name, count];
    }
  }

  /** Returns the free entry with the first key. */
  firstFree(namespace: string, keys: TextMatch): LoadedEntry | null {
    let first: LoadedEntry | null = null;
    const consider = (entry: LoadedEntry) => {
      if (entry.namespace !== namespace || !matches(keys, entry.key)) return;
      if (!isFree(entry, this.now)) return;
      if (first === null || compareText(entry.key, first.key) < 0) first = entry;
    };
    for (const entry of this.entries.values()) if (entry) consider(entry);
    if (this.cleared.has(namespace)) return first;
    for (const [id, entry] of this.#state.entries()) if (!this.entries.has(id)) consider(entry);
    return first;
  }

  /** Writes an entry as the next change. */
  write(entry: StoredEntry): void {
    this.#addsData = true;
    if (!this.entry(entry)) this.#count(entry.namespace, 1);
    this.entries.set(placeId(entry), entry);
    const { revision, namespace, key, updatedAt, updatedBy } = entry;
    // The log does not hold claims.
    const shown = shownEntry(entry);
    this.#append({
      kind: "SET",
      revision,
      namespace,
      key,
      agent: updatedBy,
      at: updatedAt,
      entry: shown,
    });
  }

  /** Deletes an entry as the next change. */
  remove(kind: "DELETED", { namespace, key }: Place, agent: string | null): void {
    this.entries.set(placeId({ namespace, key }), null);
    this.#count(namespace, -1);
    this.#append({ ...this.#next(namespace, agent), kind, key, entry: null });
  }

  /** Deletes every entry of a namespace as the next change. */
  clear(namespace: string, agent: string | null): void {
    const start = placeId({ namespace, key: "" });
    for (const id of this.entries.keys()) if (id.startsWith(start)) this.entries.delete(id);
    this.cleared.add(namespace);
    this.#counts.set(namespace, 0);
    this.#append({
      ...this.#next(namespace, agent),
      kind: "NAMESPACE_CLEARED",
      key: null,
      entry: null,
    });
  }

  /** Changes the claim of an entry, which is not a change of the log. */
  setClaim(entry: LoadedEntry, claim: Partial<ClaimState>): LoadedEntry {
    // An error can be large. The other fields are short, and each claim of the entry replaces them.
    if (claim.claimError != null) this.#addsData = true;
    const changed = { ...entry, ...claim };
    const id = placeId(entry);
    this.entries.set(id, changed);
    this.claimed.add(id);
    return changed;
  }

  #next(namespace: string, agent: string | null) {
    return { revision: this.#head + 1n, namespace, agent, at: this.now };
  }

  #append(change: Change): void {
    this.changes.push(change);
    this.#head = change.revision;
  }

  #count(namespace: string, difference: number): void {
    const count = this.#counts.get(namespace) ?? this.#state.entryCounts().get(namespace) ?? 0;
    this.#counts.set(namespace, count + difference);
  }
}
