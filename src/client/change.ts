import { entryOf, type AnsweredEntry, type Entry, type Revision } from "./entry.ts";

/** The fields that every change has. */
interface ChangeOf<Kind extends string> {
  /** What happened. */
  readonly kind: Kind;
  /** Position in the log. A later `watch` can resume `after` it, but within a snapshot only from `CAUGHT_UP` on. */
  readonly revision: Revision;
}

/** The fields of a change that has an author. */
interface Written {
  /** The agent that made the change. Null if the caller gave no name. */
  readonly agent: string | null;
  /**
   * The time of the change, by the database's clock. Null on a DELETED that a watch infers from a second snapshot,
   * after it lost its connection during the first. Then `agent` is null too, and `revision` is that of `CAUGHT_UP`.
   */
  readonly at: Date | null;
  /** The namespace. */
  readonly namespace: string;
}

/** An entry was created or replaced (`SET`), or existed when the snapshot was read (`EXISTING`). */
export interface EntryWritten<V = unknown, K extends string = string>
  extends ChangeOf<"SET" | "EXISTING">, Written {
  /** The key. */
  readonly key: K;
  /** The entry right after the change. */
  readonly entry: Entry<V, K>;
}

/**
 * An entry was deleted (`DELETED`), expired (`EXPIRED`), or no longer matches (`UNMATCHED`): its new value does not
 * meet the conditions of `where`.
 */
export interface EntryGone<K extends string = string>
  extends ChangeOf<"DELETED" | "EXPIRED" | "UNMATCHED">, Written {
  /** The key. */
  readonly key: K;
  /** Always null: the entry no longer exists. */
  readonly entry: null;
}

/** Every entry of a namespace was deleted, in one change for all of them. */
export interface NamespaceCleared extends ChangeOf<"NAMESPACE_CLEARED">, Written {
  /** Always null: the change concerns every key. */
  readonly key: null;
  /** Always null: the entry no longer exists. */
  readonly entry: null;
}

/** The snapshot is complete: the delivered events result in the state as of `revision`. Later changes follow. */
export interface CaughtUp extends ChangeOf<"CAUGHT_UP"> {
  /** The epoch of the revision. If you store the revision, store the epoch with it. */
  readonly epoch: string;
  /** Always null. */
  readonly namespace: null;
  /** Always null. */
  readonly key: null;
  /** Always null. */
  readonly entry: null;
  /** Always null. */
  readonly agent: null;
  /** Always null. */
  readonly at: null;
}

/** One step of a user's log, as a watch delivers it. `kind` discriminates the variants. */
export type Change<V = unknown, K extends string = string> =
  | EntryWritten<V, K>
  | EntryGone<K>
  | NamespaceCleared
  | CaughtUp;

/** A change as GraphQL returns it. */
export interface AnsweredChange {
  readonly kind: Change["kind"] | "BOOKMARK";
  readonly revision: Revision;
  readonly namespace: string | null;
  readonly key: string | null;
  readonly agent: string | null;
  readonly at: string | null;
  readonly entry: AnsweredEntry | null;
  /** Only on CAUGHT_UP and BOOKMARK. */
  readonly epoch?: string | null;
}

export function changeOf(answered: AnsweredChange): Change {
  const { at, entry, epoch, ...change } = answered;
  return {
    ...change,
    ...(epoch && { epoch }),
    at: at === null ? null : new Date(at),
    entry: entry === null ? null : entryOf(entry),
  } as Change;
}
