import type { Change } from "../store/model/change.ts";
import { compareText } from "../store/model/text-match.ts";

/** A position among entries sorted by namespace, then key; a null key is after every key of its namespace. */
export interface Position {
  readonly namespace: string;
  readonly key: string | null;
}

/**
 * What a snapshot has shown so far. Its pages are read one after the other, each at its own revision. A change is
 * already in the snapshot if it is not later than the page that covers its key. Each page adds one record; pages with
 * the same revision share one. So the coverage is small even for millions of keys.
 */
export class Coverage {
  readonly #ranges: { end: Position | null; through: bigint }[] = [];

  /** Records that a page covers everything from the last end up to `end` (null: to the end), read at `through`. */
  extend(end: Position | null, through: bigint): void {
    const last = this.#ranges.at(-1);
    if (last?.through === through) last.end = end;
    else this.#ranges.push({ end, through });
  }

  /**
   * Whether the snapshot already shows the change. A cleared namespace is checked at the start of the namespace: a
   * snapshot never continues within a namespace that was cleared between two of its pages.
   */
  shows(change: Change): boolean {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.#ranges[middle]?.end ?? null, change)) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    return range !== undefined && change.revision <= range.through;
  }
}

function isBefore(end: Position | null, change: Change): boolean {
  if (end === null) return false;
  const order = compareText(end.namespace, change.namespace);
  if (order !== 0) return order < 0;
  return end.key !== null && change.key !== null && compareText(end.key, change.key) < 0;
}
