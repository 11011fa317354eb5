import type { AnsweredChange } from "./change.ts";
import type { Revision } from "./entry.ts";

interface Seen {
  readonly namespace: string;
  readonly key: string;
  readonly revision: Revision;
  /** Whether the current snapshot has delivered the entry, too. */
  isCurrent: boolean;
}

/**
 * Records what was delivered of a snapshot until it is complete. If the connection is lost before that, the server
 * begins another snapshot. Entries that were already delivered are then omitted, and entries that no longer exist are
 * delivered as deleted.
 */
export class Snapshot {
  readonly #seen = new Map<string, Seen>();

  /** Begins another snapshot, after a lost connection. */
  beginAgain(): void {
    for (const seen of this.#seen.values()) seen.isCurrent = false;
  }

  /** Yields the changes that follow from this one and were not delivered yet. */
  *admit(change: AnsweredChange): Generator<AnsweredChange, void> {
    const { kind, namespace, key, revision } = change;
    if (kind === "CAUGHT_UP") {
      yield* this.#gone(revision);
    } else if (kind === "NAMESPACE_CLEARED") {
      for (const [id, seen] of this.#seen) if (seen.namespace === namespace) this.#seen.delete(id);
    } else {
      const id = JSON.stringify([namespace, key]);
      if (change.entry === null) {
        this.#seen.delete(id);
      } else {
        const known = this.#seen.get(id);
        const isNew = !known || BigInt(known.revision) < BigInt(revision);
        const place = { namespace: namespace as string, key: key as string };
        this.#seen.set(id, { ...place, revision, isCurrent: true });
        if (!isNew) return;
      }
    }
    yield change;
  }

  *#gone(revision: Revision): Generator<AnsweredChange, void> {
    for (const { namespace, key, isCurrent } of this.#seen.values()) {
      if (isCurrent) continue;
      yield { kind: "DELETED", revision, namespace, key, agent: null, at: null, entry: null };
    }
  }
}
