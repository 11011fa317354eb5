import type { Page, PageBounds } from "./contract.ts";

/** The part of a list that one statement has read. */
export interface Stretch<T> {
  readonly items: readonly T[];
  /** Whether the list has no more items. */
  readonly isAtEnd: boolean;
}

/** The largest size of a page, and when to stop reading it. */
export interface FillBounds extends PageBounds {
  /** Aborts when the caller no longer waits for the page. */
  readonly closed: AbortSignal | null;
}

/**
 * Reads a page until it is full or the list ends, even if only few rows belong to the list: each statement reads a part
 * of the list, and the next one continues after it. One item more than the page tells whether more items follow.
 */
export async function fillPage<T>(
  readStretch: (bounds: PageBounds) => Promise<Stretch<T>>,
  bytesOf: (item: T) => number,
  { maxItems, maxBytes, closed }: FillBounds,
): Promise<Page<T>> {
  const items: T[] = [];
  let leftBytes = maxBytes;
  for (;;) {
    if (closed?.aborted) return { items, hasMore: true };
    const stretch = await readStretch({
      maxItems: maxItems + 1 - items.length,
      maxBytes: Math.max(1, leftBytes),
    });
    for (const item of stretch.items) {
      if (items.length === maxItems || leftBytes <= 0) return { items, hasMore: true };
      items.push(item);
      leftBytes -= bytesOf(item);
    }
    if (stretch.isAtEnd) return { items, hasMore: false };
  }
}
