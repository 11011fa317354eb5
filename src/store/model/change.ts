import type { Entry } from "./entry.ts";
import { matches, type TextMatch } from "./text-match.ts";

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

/** Which changes, or entries, a reader wants: any of the namespaces, and in them the keys. */
export interface Selection {
  /** Empty: none at all, as when a token's namespaces and the asked ones have nothing in common. */
  readonly namespaces: readonly TextMatch[];
  readonly keys: TextMatch;
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

/** The bytes that a change keeps in memory while it waits for a reader, roughly. */
export function changeBytes(change: Change): number {
  return 200 + (change.entry?.sizeBytes ?? 0);
}
