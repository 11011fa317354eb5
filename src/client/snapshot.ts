import type { AnsweredChange } from "./change.ts";
import type { Revision } from "./entry.ts";

interface Seen {
  readonly namespace: string;
  readonly key: string;
  readonly revision: Revision;
  /** Whether the snapshot under way has shown it, too. */
  isCurrent: boolean;
}

/**
 * What of a snapshot was delivered, until it is whole. A connection that is lost in its middle makes the server begin
 * another: what was delivered is then left out, and what is gone since is delivered as deleted.
 */
export class Snapshot {
  readonly #seen = new Map<string, Seen>();

  /** The server begins another snapshot. */
  beginAgain(): void {
    for (const seen of this.#seen.values()) seen.isCurrent = false;
  }

  /** What of a change, or of what it shows, is not delivered yet. */
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
