import type { Entry } from "./entry.ts";
import { matches, type TextMatch } from "./text-match.ts";
import { isWanted, type Where } from "./where.ts";

interface ChangeBase {
  readonly revision: bigint;
  readonly namespace: string;
  /** The agent that made the change; null if it gave no agent name. */
  readonly agent: string | null;
  readonly at: Date;
}

/** One change of a user's log. A `SET` has the entry as it was right after the change. */
export type Change<E extends Entry = Entry> =
  | (ChangeBase & { readonly kind: "SET"; readonly key: string; readonly entry: E })
  | (ChangeBase & {
      readonly kind: "DELETED" | "EXPIRED";
      readonly key: string;
      readonly entry: null;
    })
  | (ChangeBase & { readonly kind: "NAMESPACE_CLEARED"; readonly key: null; readonly entry: null });

/**
 * A write after which the entry does not match a reader's filter. It can have matched before, so the reader removes the
 * key.
 */
export type Unmatched = ChangeBase & {
  readonly kind: "UNMATCHED";
  readonly key: string;
  readonly entry: null;
};

/** A change as a reader sees it. */
export type ShownChange<E extends Entry = Entry> = Change<E> | Unmatched;

/** Which changes, or entries, a reader selects: in any of the namespaces, the matching keys. */
export interface Selection {
  /**
   * In the order of their names, and none that another one contains. Empty: nothing, for
   * example because the token does not cover any of the requested namespaces.
   */
  readonly namespaces: readonly TextMatch[];
  readonly keys: TextMatch;
  /** Which values match; undefined: all. The database does not check it: the readers of its pages do. */
  readonly where?: Where;
}

/** Whether a selection includes a change. A cleared namespace concerns every reader of a key in it. */
export function selects(
  selection: Selection,
  change: { readonly namespace: string; readonly key: string | null },
): boolean {
  return (
    selection.namespaces.some((match) => matches(match, change.namespace)) &&
    (change.key === null || matches(selection.keys, change.key))
  );
}

/**
 * Returns what a reader sees of a change; null for nothing. With a filter by value, the visible changes, applied in
 * order, leave the matching entries: if a write made an entry stop matching, the reader sees `UNMATCHED`. An entry that
 * does not match from its creation on is not shown.
 */
export function shownTo(selection: Selection, change: Change): ShownChange | null {
  if (!selects(selection, change)) return null;
  const { where } = selection;
  if (where === undefined || change.kind !== "SET" || isWanted(where, change.entry.value)) {
    return change;
  }
  const { revision, namespace, key, agent, at, entry } = change;
  if (entry.createdRevision === revision) return null;
  return { kind: "UNMATCHED", revision, namespace, key, agent, at, entry: null };
}

/** The memory that a change takes while it waits for a reader, in bytes, approximately. */
export function changeBytes(change: ShownChange): number {
  return 200 + (change.entry?.sizeBytes ?? 0);
}
