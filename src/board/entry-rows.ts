import { signal } from "@preact/signals";
import { compareNames } from "./format.ts";
import { openStream } from "./live-stream.ts";

/** An entry in the list, without its value. */
export interface EntryRow {
  readonly key: string;
  readonly revision: string;
  readonly agent: string | null;
  /** The time of its last write, in milliseconds since 1970. */
  readonly at: number;
  readonly expiresAt: number | null;
  readonly sizeBytes: number;
  /** The time when it arrived here, on the clock of `performance`. Null for entries of the snapshot. */
  readonly arrivedAt: number | null;
}

interface Answered {
  readonly kind: "EXISTING" | "CAUGHT_UP" | "SET" | "DELETED" | "EXPIRED" | "NAMESPACE_CLEARED";
  readonly revision: string;
  readonly key: string | null;
  readonly agent: string | null;
  readonly at: string;
  readonly entry: { readonly sizeBytes: number; readonly expiresAt: string | null } | null;
}

const document = `subscription entries($namespace: String!, $after: Revision, $snapshot: Boolean!) {
  entryChanged(namespace: $namespace, after: $after, snapshot: $snapshot) {
    kind revision key agent at entry { sizeBytes expiresAt }
  }
}`;

/**
 * Follows the entries of one namespace:
 *
 * 1. Subscribe with a snapshot. Entries arrive in the order of their keys, and are shown immediately.
 * 2. After CAUGHT_UP, the rows are the namespace as of its revision. Apply each change that arrives.
 * 3. After a lost connection, resume after the last revision, or start again if CAUGHT_UP had not arrived.
 */
export class EntryRows {
  readonly namespace: string;
  /** Sorted by key. The array stays the same object; `version` changes with its content. */
  readonly rows: EntryRow[] = [];
  readonly version = signal(0);
  readonly isCaughtUp = signal(false);
  readonly refusal = signal<string | null>(null);
  #after: string | null = null;
  readonly #close: () => void;

  constructor(namespace: string) {
    this.namespace = namespace;
    this.#close = openStream<Answered>({
      document,
      variables: () => ({
        namespace,
        after: this.#after,
        snapshot: this.#after === null,
      }),
      hasSnapshot: () => this.#after === null,
      isSnapshotEnd: ({ kind }) => kind === "CAUGHT_UP",
      begin: () => {
        if (this.#after !== null) return;
        this.rows.length = 0;
        this.version.value++;
      },
      next: (events) => {
        for (const event of events) this.#apply(event);
        this.version.value++;
      },
      refused: (code, message) => {
        // The log no longer contains the revision: the next connection begins with a snapshot.
        if (code === "REVISION_COMPACTED") this.#restart();
        else this.refusal.value = `${message} (${code})`;
      },
    });
  }

  close(): void {
    this.#close();
  }

  find(key: string): EntryRow | null {
    const row = this.rows[placeOfKey(this.rows, key)];
    return row?.key === key ? row : null;
  }

  #restart(): void {
    this.#after = null;
    this.isCaughtUp.value = false;
  }

  #apply(event: Answered): void {
    const { kind, revision, key, entry } = event;
    if (kind === "CAUGHT_UP") {
      this.#after = revision;
      this.isCaughtUp.value = true;
      return;
    }
    if (this.#after !== null) this.#after = revision;
    if (kind === "NAMESPACE_CLEARED") this.rows.length = 0;
    else if (key !== null && entry) this.#put(key, event, entry);
    else if (key !== null) {
      const place = placeOfKey(this.rows, key);
      if (this.rows[place]?.key === key) this.rows.splice(place, 1);
    }
  }

  #put(key: string, event: Answered, entry: NonNullable<Answered["entry"]>): void {
    const row: EntryRow = {
      key,
      revision: event.revision,
      agent: event.agent,
      at: Date.parse(event.at),
      expiresAt: entry.expiresAt === null ? null : Date.parse(entry.expiresAt),
      sizeBytes: entry.sizeBytes,
      arrivedAt: event.kind === "EXISTING" ? null : performance.now(),
    };
    const last = this.rows.at(-1);
    if (!last || compareNames(last.key, key) < 0) {
      this.rows.push(row);
      return;
    }
    const place = placeOfKey(this.rows, key);
    this.rows.splice(place, this.rows[place]?.key === key ? 1 : 0, row);
  }
}

/** The index of a key in sorted rows, or the index at which to insert it. */
export function placeOfKey(rows: readonly EntryRow[], key: string): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareNames((rows[middle] as EntryRow).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
