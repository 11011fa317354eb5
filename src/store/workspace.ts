import type { Change } from "./change.ts";
import type { StoreView } from "./decide.ts";
import type { Entry } from "./entry.ts";

/** Names an entry within a user's store. */
export interface EntryRef {
  readonly namespace: string;
  readonly key: string;
}

/** What a transaction writes for one user. To be applied in the order of the fields. */
export interface Effects {
  /** Namespaces to empty first. */
  readonly cleared: readonly string[];
  readonly deleted: readonly EntryRef[];
  readonly written: readonly Entry[];
  readonly changes: readonly Change[];
  readonly head: bigint;
}

/** One user's store within a transaction: what was loaded of it, as the commands so far have changed it. */
export class Workspace implements StoreView {
  head: bigint;
  readonly now: Date;
  readonly entryCounts: Map<string, number>;
  readonly #entries: Map<string, Entry>;
  readonly #changes: Change[] = [];

  constructor(head: bigint, now: Date, entries: Iterable<Entry>, entryCounts: Map<string, number>) {
    this.head = head;
    this.now = now;
    this.entryCounts = entryCounts;
    this.#entries = new Map([...entries].map((entry) => [id(entry), entry]));
  }

  entry(namespace: string, key: string): Entry | null {
    return this.#entries.get(id({ namespace, key })) ?? null;
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.head = change.revision;
      const { namespace } = change;
      if (change.kind === "NAMESPACE_CLEARED") {
        for (const [entryId, entry] of this.#entries) {
          if (entry.namespace === namespace) this.#entries.delete(entryId);
        }
        this.entryCounts.set(namespace, 0);
        continue;
      }
      const before = this.#entries.has(id(change)) ? 1 : 0;
      if (change.kind === "SET") this.#entries.set(id(change), change.entry);
      else this.#entries.delete(id(change));
      const after = change.kind === "SET" ? 1 : 0;
      this.entryCounts.set(namespace, (this.entryCounts.get(namespace) ?? 0) + after - before);
    }
  }

  /** The net effect of all that was applied; null when nothing was. */
  effects(): Effects | null {
    if (this.#changes.length === 0) return null;
    const cleared = new Set<string>();
    const touched = new Map<string, EntryRef>();
    for (const change of this.#changes) {
      if (change.kind === "NAMESPACE_CLEARED") cleared.add(change.namespace);
      else touched.set(id(change), { namespace: change.namespace, key: change.key });
    }
    const written: Entry[] = [];
    const deleted: EntryRef[] = [];
    for (const [entryId, ref] of touched) {
      const entry = this.#entries.get(entryId);
      if (entry) written.push(entry);
      else if (!cleared.has(ref.namespace)) deleted.push(ref);
    }
    return { cleared: [...cleared], deleted, written, changes: this.#changes, head: this.head };
  }
}

/** Neither part may hold control characters, so the pair can't be read two ways. */
function id(ref: EntryRef): string {
  return `${ref.namespace}\u0000${ref.key}`;
}
