import type { EntryPage, EntryQuery, Page, PageBounds } from "./contract.ts";
import type { FillBounds } from "./fill-page.ts";
import type { EntryHead } from "./model/entry.ts";

/**
 * Reads a page of entries until it is full or the list ends, even if one statement finds few of them. Each statement
 * stops at the bounds of the page, so most pages need only one.
 */
export async function readWholePage<E extends EntryHead>(
  read: (query: EntryQuery, bounds: PageBounds) => Promise<EntryPage<E>>,
  query: EntryQuery,
  { maxItems, maxBytes, closed }: FillBounds,
): Promise<Page<E>> {
  const items: E[] = [];
  let leftBytes = maxBytes;
  let { after } = query;
  for (;;) {
    const isFull = items.length === maxItems || leftBytes <= 0;
    // If the page is full, the next entry only tells whether more follow.
    const rest = isFull
      ? { maxItems: 1, maxBytes: 1 }
      : { maxItems: maxItems - items.length, maxBytes: leftBytes };
    const page: EntryPage<E> = await read({ ...query, after }, rest);
    if (isFull && page.items.length > 0) return { items, hasMore: true };
    for (const item of page.items) {
      items.push(item);
      leftBytes -= bytesOf(item);
    }
    after = page.next;
    if (page.hasMore || after === null || closed?.aborted) {
      return { items, hasMore: after !== null };
    }
  }
}

/** The bytes of an entry that count towards its page. */
function bytesOf(entry: EntryHead & { readonly value?: string }): number {
  if (entry.value !== undefined) return entry.sizeBytes;
  return Buffer.byteLength(entry.key) + Buffer.byteLength(entry.metadata);
}
