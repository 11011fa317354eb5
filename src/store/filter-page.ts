import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Page, PageBounds } from "./contract.ts";
import type { FillBounds } from "./fill-page.ts";

/** The part of a list that one statement has read, before filtering. */
export interface FilterStretch<T, P> {
  readonly items: readonly T[];
  /** Where the next statement continues; null at the end of the list. */
  readonly next: P | null;
}

/** A list to filter. */
export interface FilteredList<T, R, P> {
  /** Reads the items after a position; null starts at the beginning. */
  readStretch(after: P | null, bounds: PageBounds): Promise<FilterStretch<T, P>>;
  positionOf(item: T): P;
  bytesOf(item: T): number;
  /** What the page shows of an item; null if it does not match. */
  show(item: T): R | null;
}

/** How much one page can examine, in addition to its size. */
export interface FilterBounds extends FillBounds {
  /** The user for whom the filter works. Users take turns. */
  readonly userId: string;
  readonly maxExaminedItems: number;
  readonly maxExaminedBytes: number;
}

export interface FilteredPage<R, P> extends Page<R> {
  /** The position of the last examined item; null if none was examined. */
  readonly end: P | null;
}

/** A page of a list. In a filtered list, the next page begins at `end`. */
export type ListPage<T, P> = Page<T> & { readonly end?: P | null };

/** The size of one statement's result, all of which is in memory. */
const stretchBounds: PageBounds = { maxItems: 256, maxBytes: 512 * 1024 };

/**
 * Reads a page of the items that match a filter. The page ends:
 *
 * 1. when it is full and another item matches;
 * 2. at the end of the list: only then `hasMore` is false;
 * 3. when it has examined its maximum of items or bytes. It can be empty then; the next page continues at `end`.
 */
export async function filterPage<T, R, P>(
  list: FilteredList<T, R, P>,
  after: P | null,
  bounds: FilterBounds,
): Promise<FilteredPage<R, P>> {
  const { userId, maxItems, maxBytes, maxExaminedItems, maxExaminedBytes, closed } = bounds;
  const items: R[] = [];
  let end = after;
  let bytes = 0;
  let examinedItems = 0;
  let examinedBytes = 0;
  while (examinedItems < maxExaminedItems && examinedBytes < maxExaminedBytes) {
    if (closed?.aborted) break;
    const stretch = await list.readStretch(end, {
      maxItems: Math.min(stretchBounds.maxItems, maxExaminedItems - examinedItems),
      maxBytes: stretchBounds.maxBytes,
    });
    for (const item of stretch.items) {
      if (isLoopHeld()) await nextTurn(userId);
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
