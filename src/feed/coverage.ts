import type { Change } from "../store/model/change.ts";
import { compareText } from "../store/model/text-match.ts";

/** A place among entries sorted by namespace, then key; a null key is behind every key of its namespace. */
export interface Place {
  readonly namespace: string;
  readonly key: string | null;
}

/**
 * What a snapshot has shown so far: the entries were read page by page, each page at its own revision, so a change
 * is already in the snapshot if it is no later than the page that covers its key. One record a page, and pages between
 * which nobody wrote share one: small even for a store of millions of keys.
 */
export class Coverage {
  readonly #ranges: { end: Place | null; through: bigint }[] = [];

  /** Everything from where the last range ended up to `end` (null: all the rest) was read at `through`. */
  extend(end: Place | null, through: bigint): void {
    const last = this.#ranges.at(-1);
    if (last?.through === through) last.end = end;
    else this.#ranges.push({ end, through });
  }

  /**
   * Whether the snapshot already shows the change. A cleared namespace is looked up where the namespace begins: a
   * snapshot never goes on within a namespace that was cleared between two of its pages.
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

function isBefore(end: Place | null, change: Change): boolean {
  if (end === null) return false;
  const order = compareText(end.namespace, change.namespace);
  if (order !== 0) return order < 0;
  return end.key !== null && change.key !== null && compareText(end.key, change.key) < 0;
}
