import { entryOf, type AnsweredEntry, type Entry, type Revision } from "./entry.ts";

/** What every change has. */
interface ChangeOf<Kind extends string> {
  /** What happened. */
  readonly kind: Kind;
  /** Position in the log. `watch` goes on `after` it; within a snapshot not before `CAUGHT_UP`. */
  readonly revision: Revision;
}

/** What a change has that somebody made. */
interface Written {
  /** The agent that made the change; null where it said no name. */
  readonly agent: string | null;
  /**
   * When, by the database's clock. Null on a DELETED that a watch found out by a second snapshot, after its connection
   * was lost during the first: then `agent` is null too, and `revision` that of `CAUGHT_UP`.
   */
  readonly at: Date | null;
  /** The namespace. */
  readonly namespace: string;
}

/** An entry was created or replaced (`SET`), or is one that a snapshot begins with (`EXISTING`). */
export interface EntryWritten<V = unknown, K extends string = string>
  extends ChangeOf<"SET" | "EXISTING">, Written {
  /** The key. */
  readonly key: K;
  /** The entry right after the change. */
  readonly entry: Entry<V, K>;
}

/**
 * An entry is gone: it was deleted, or its time was over. `UNMATCHED`: it was written, and what is watched has it no more,
 * as its value does not meet the conditions of `where`.
 */
export interface EntryGone<K extends string = string>
  extends ChangeOf<"DELETED" | "EXPIRED" | "UNMATCHED">, Written {
  /** The key. */
  readonly key: K;
  /** There is none any more. */
  readonly entry: null;
}

/** Every entry of a namespace was deleted, in one change for all of them. */
export interface NamespaceCleared extends ChangeOf<"NAMESPACE_CLEARED">, Written {
  /** Every key. */
  readonly key: null;
  /** There is none any more. */
  readonly entry: null;
}

/** The snapshot is whole: what was delivered is the state as of `revision`. Later changes follow. */
export interface CaughtUp extends ChangeOf<"CAUGHT_UP"> {
  /** The history that the revision is of: keep it with the revision where that is stored. */
  readonly epoch: string;
  /** None. */
  readonly namespace: null;
  /** None. */
  readonly key: null;
  /** None. */
  readonly entry: null;
  /** None. */
  readonly agent: null;
  /** None. */
  readonly at: null;
}

/** One step of a user's log, as a watch delivers it. Tell the kinds apart by `kind`. */
export type Change<V = unknown, K extends string = string> =
  | EntryWritten<V, K>
  | EntryGone<K>
  | NamespaceCleared
  | CaughtUp;

/** A change as GraphQL answers it. */
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
