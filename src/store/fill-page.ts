import type { Page, PageBounds } from "./contract.ts";

/** What one statement has found of a list. */
export interface Stretch<T> {
  readonly items: readonly T[];
  /** Whether the list has no more behind it. */
  readonly isAtEnd: boolean;
}

/** How large a page may become, and who waits for it. */
export interface FillBounds extends PageBounds {
  /** Aborts when nobody waits for the page any more. */
  readonly closed: AbortSignal | null;
}

/**
 * A page that is full or has reached the end of its list, however little of the list is wanted: a statement looks at a
 * stretch of the list, and the next one goes on behind it. One item more than the page has tells whether more follow.
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
