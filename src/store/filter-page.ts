import type { Page, PageBounds } from "./contract.ts";
import type { FillBounds } from "./fill-page.ts";

/** What one statement has found of a list that a filter selects from. */
export interface FilterStretch<T, P> {
  readonly items: readonly T[];
  /** Where the next statement goes on; null at the end of the list. */
  readonly next: P | null;
}

/** A list that a filter selects from. */
export interface FilteredList<T, R, P> {
  /** Reads what lies behind a position; null begins with the first. */
  readStretch(after: P | null, bounds: PageBounds): Promise<FilterStretch<T, P>>;
  positionOf(item: T): P;
  bytesOf(item: T): number;
  /** What is shown of an item; null where it is not wanted. */
  show(item: T): R | null;
}

/** How much one page looks at, of which it shows what is wanted. */
export interface FilterBounds extends FillBounds {
  readonly maxExaminedItems: number;
  readonly maxExaminedBytes: number;
}

export interface FilteredPage<R, P> extends Page<R> {
  /** Behind the last item that was looked at; null where nothing was. */
  readonly end: P | null;
}

/** What one statement reads, all of which is in memory. */
const stretchBounds: PageBounds = { maxItems: 256, maxBytes: 512 * 1024 };
/** How long the filter may hold up others. */
const maxHoldMs = 4;

/**
 * A page of the items that a filter wants. It ends:
 *
 * 1. when it is full, and another item is wanted;
 * 2. at the end of the list: only then nothing more follows;
 * 3. when it has looked at so many items or bytes. It may have no item then; the next page goes on at `end`.
 */
export async function filterPage<T, R, P>(
  list: FilteredList<T, R, P>,
  after: P | null,
  bounds: FilterBounds,
): Promise<FilteredPage<R, P>> {
  const { maxItems, maxBytes, maxExaminedItems, maxExaminedBytes, closed } = bounds;
  const items: R[] = [];
  let end = after;
  let bytes = 0;
  let examinedItems = 0;
  let examinedBytes = 0;
  let heldSince = performance.now();
  while (examinedItems < maxExaminedItems && examinedBytes < maxExaminedBytes) {
    if (closed?.aborted) break;
    const stretch = await list.readStretch(end, {
      maxItems: Math.min(stretchBounds.maxItems, maxExaminedItems - examinedItems),
      maxBytes: stretchBounds.maxBytes,
    });
    for (const item of stretch.items) {
      if (performance.now() - heldSince > maxHoldMs) {
        await new Promise((resolve) => setImmediate(resolve));
        heldSince = performance.now();
      }
      const shown = list.show(item);
      if (shown !== null) {
        if (items.length === maxItems || bytes >= maxBytes) return { items, hasMore: true, end };
        items.push(shown);
        bytes += list.bytesOf(item);
      }
      end = list.positionOf(item);
      examinedItems++;
      examinedBytes += list.bytesOf(item);
    }
    if (stretch.next === null) return { items, hasMore: false, end };
    end = stretch.next;
  }
  return { items, hasMore: true, end };
}
