import type { Entry } from "./entry.ts";
import { matches, type TextMatch } from "./text-match.ts";
import { isWanted, type Where } from "./where.ts";

interface ChangeBase {
  readonly revision: bigint;
  readonly namespace: string;
  /** The agent that made it, if it said its name. */
  readonly agent: string | null;
  readonly at: Date;
}

/** One step of a user's log. A `SET` carries the entry as it was right after. */
export type Change<E extends Entry = Entry> =
  | (ChangeBase & { readonly kind: "SET"; readonly key: string; readonly entry: E })
  | (ChangeBase & {
      readonly kind: "DELETED" | "EXPIRED";
      readonly key: string;
      readonly entry: null;
    })
  | (ChangeBase & { readonly kind: "NAMESPACE_CLEARED"; readonly key: null; readonly entry: null });

/**
 * A write after which an entry is none that a reader's filter wants. It may have been one before, so that the reader can
 * remove it.
 */
export type Unmatched = ChangeBase & {
  readonly kind: "UNMATCHED";
  readonly key: string;
  readonly entry: null;
};

/** A change as a reader is shown it. */
export type ShownChange<E extends Entry = Entry> = Change<E> | Unmatched;

/** Which changes, or entries, a reader wants: any of the namespaces, and in them the keys. */
export interface Selection {
  /** Empty: none at all, as when a token's namespaces and the asked ones have nothing in common. */
  readonly namespaces: readonly TextMatch[];
  readonly keys: TextMatch;
  /** Which values; left out: all. A database does not look at it: whoever reads a page of entries or changes does. */
  readonly where?: Where;
}

/** A cleared namespace concerns every reader of a key in it. */
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
 * What a reader is shown of a change; null: nothing. With a filter by value, all that it is shown, applied in order, are the
 * entries that the filter wants: one that another write made unwanted is `UNMATCHED`, and one that was unwanted from its
 * creation on is not shown.
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

/** The bytes that a change keeps in memory while it waits for a reader, roughly. */
export function changeBytes(change: ShownChange): number {
  return 200 + (change.entry?.sizeBytes ?? 0);
}
