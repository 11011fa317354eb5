import type { StoredEntry } from "../store/model/claim.ts";
import { placeId, type Place } from "../store/commit/command.ts";
import { isExpired } from "../store/model/entry.ts";
import type { Effects } from "../store/commit/workspace.ts";
import type { Line } from "./line.ts";

/** What some lines come to together. To be applied in the order of the fields. */
export interface NetEffect extends Pick<Effects, "cleared" | "deleted" | "written"> {
  /** Lines whose entry has expired. */
  readonly expiredCount: number;
}

/** An entry that has expired is not there (G8): its line leaves nothing of what the key held before, either. */
export function netEffect(lines: readonly Line[], now: Date): NetEffect {
  const cleared = new Set<string>();
  const left = new Map<string, { place: Place; entry: StoredEntry | null }>();
  const leave = ({ namespace, key }: Place, entry: StoredEntry | null) =>
    left.set(placeId("", { namespace, key }), { place: { namespace, key }, entry });
  let expiredCount = 0;
  for (const line of lines) {
    switch (line.kind) {
      case "EXISTING":
      case "SET": {
        const isOver = isExpired(line.entry, now);
        if (isOver) expiredCount++;
        leave(line.entry, isOver ? null : line.entry);
        break;
      }
      case "DELETED":
      case "EXPIRED":
        leave(line, null);
        break;
      case "NAMESPACE_CLEARED":
        cleared.add(line.namespace);
        for (const [id, { place }] of left) {
          if (place.namespace === line.namespace) left.delete(id);
        }
        break;
      case "BATON_EXPORT":
      case "CAUGHT_UP":
        break;
    }
  }
  const all = [...left.values()];
  return {
    cleared: [...cleared],
    deleted: all.filter(({ entry }) => entry === null).map(({ place }) => place),
    written: all.flatMap(({ entry }) => entry ?? []),
    expiredCount,
  };
}
