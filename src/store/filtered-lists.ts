import type { CreatedQuery, EntryQuery, ReadView } from "./contract.ts";
import type { FilteredList } from "./filter-page.ts";
import type { Entry } from "./model/entry.ts";
import { maxRevision } from "./model/log.ts";
import type { Place } from "./model/place.ts";
import { isWanted, type Where } from "./model/where.ts";

// The lists that a filter by value applies to. Each reads only the range of its selection.

const showEntry = (where: Where) => (entry: Entry) => (isWanted(where, entry.value) ? entry : null);
const bytesOfEntry = ({ sizeBytes }: Entry) => sizeBytes;

/** Entries, sorted by place. */
export function entriesByPlace(
  view: Pick<ReadView, "readEntries">,
  query: Omit<EntryQuery, "after">,
  where: Where,
): FilteredList<Entry, Entry, Place> {
  return {
    readStretch: (after, bounds) => view.readEntries({ ...query, after }, bounds),
    positionOf: ({ namespace, key }) => ({ namespace, key }),
    bytesOf: bytesOfEntry,
    show: showEntry(where),
  };
}

/** Entries in the order of their creation. */
export function entriesByCreation(
  view: Pick<ReadView, "readCreatedEntries">,
  query: Omit<CreatedQuery, "after" | "withoutValues">,
  where: Where,
): FilteredList<Entry, Entry, bigint> {
  const first = query.isNewestFirst ? maxRevision : 0n;
  return {
    readStretch: (after, bounds) =>
      view.readCreatedEntries({ ...query, after: after ?? first, withoutValues: false }, bounds),
    positionOf: ({ createdRevision }) => createdRevision,
    bytesOf: bytesOfEntry,
    show: showEntry(where),
  };
}
