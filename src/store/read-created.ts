import type { CreatedQuery, Page, PageBounds, ReadView } from "./contract.ts";
import { fillPage, type FillBounds, type Stretch } from "./fill-page.ts";
import type { Entry, EntryHead } from "./model/entry.ts";
import { maxRevision } from "./model/log.ts";

/** Which entries to read, from where, and in which order of creation. */
export type CreatedPageQuery = Omit<CreatedQuery, "after"> & {
  /** Only entries after this `createdRevision` in that order; null: from the start. */
  readonly after: bigint | null;
};

/** Reads a page of entries in the order of their creation. With `withoutValues`, the entries have no value. */
export async function readCreated(
  view: Pick<ReadView, "readCreatedEntries">,
  { after, ...query }: CreatedPageQuery,
  bounds: FillBounds,
): Promise<Page<Entry>> {
  let position = after ?? (query.isNewestFirst ? maxRevision : 0n);
  const readStretch = async (rest: PageBounds): Promise<Stretch<Entry>> => {
    const { items, next } = await view.readCreatedEntries({ ...query, after: position }, rest);
    position = next ?? position;
    return { items, isAtEnd: next === null };
  };
  const bytesOf = (entry: EntryHead) => (query.withoutValues ? 0 : entry.sizeBytes);
  return fillPage(readStretch, bytesOf, bounds);
}
