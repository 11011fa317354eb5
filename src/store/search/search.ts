import type { Database, EntryPage, Page, PageBounds } from "../contract.ts";
import { inSteps } from "../../in-steps.ts";
import type { Entry } from "../model/entry.ts";
import { placeId, type Place } from "../model/place.ts";
import { everything } from "../model/text-match.ts";
import {
  firstOf,
  logWindow,
  readIndexed,
  readIndexState,
  readPlaces,
  readWritten,
  type Hit,
  type SearchQuery,
  type SearchReader,
} from "./search-reader.ts";
import { findMatch, type Match } from "./search-text.ts";

/** An entry that contains the text, and the place of the match. */
export interface Found {
  readonly entry: Entry;
  readonly match: Match;
}

/** The part of a database that a search reads. */
export type SearchDatabase = Pick<Database, "readEntries" | "searchReader">;

/** How many entries are loaded and searched in one piece. Other requests run between two pieces. */
export const piece = { maxItems: 100, maxBytes: 128 * 1024 };
/** How many of the found entries one statement loads. */
const loaded = { maxItems: 500, maxBytes: 1024 * 1024 };

/**
 * Finds entries by their text, the last written first. The index can be behind the log:
 *
 * 1. Read the revision up to which the index has processed the log. If the index is not built, search all entries
 *    instead and continue with step 6.
 * 2. Read from the index the newest entries that contain the text.
 * 3. Read the log from its head back to the revision of step 1, and search the entries that it wrote, until enough are
 *    found.
 * 4. Read the ends of the log again. If it has grown, search what it wrote since then. Repeat until it has not grown.
 * 5. If the log was compacted past the revision of step 1, start again: the index has processed more of it.
 * 6. Keep the newest of all results, each place once, and cut the page.
 * 7. Load the entries of the page, and drop those that no longer contain the text. If none is left, search for older
 *    entries.
 *
 * The steps share no snapshot. The index is read before the log, so an entry that is written during the search has a
 * revision that step 3 or 4 reads. It can be found twice, but is never missed.
 *
 * @param closed ends the search early when the caller has disconnected
 */
export async function search(
  database: SearchDatabase,
  query: SearchQuery,
  bounds: PageBounds,
  closed: AbortSignal | null = null,
): Promise<Page<Found>> {
  const maxItems = bounds.maxItems + 1;
  const { searchReader } = database;
  const reader = searchReader.ofUser?.(query.userId) ?? searchReader;
  for (let rest = query; ;) {
    const wanted = { database, reader, query: rest, maxItems, closed };
    const hits = await findHits(wanted);
    const page = firstOf(hits, bounds);
    const items = await load(wanted, page);
    const hasMore = hits.length > page.length;
    if (items.length > 0 || !hasMore || closed?.aborted) return { items, hasMore };
    rest = { ...query, before: page.at(-1)?.revision ?? null };
  }
}

interface Wanted {
  readonly database: SearchDatabase;
  readonly reader: SearchReader;
  readonly query: SearchQuery;
  readonly maxItems: number;
  readonly closed: AbortSignal | null;
}

/** Steps 1 to 6, without cutting the page. */
async function findHits(wanted: Wanted): Promise<Hit[]> {
  const { reader, query, maxItems, closed } = wanted;
  const readState = () => readIndexState(reader, query.userId);
  const { indexedRevision: indexed, compactedRevision, buildingKey } = await readState();
  if (buildingKey !== null || compactedRevision > indexed) return scan(wanted);

  /** The last revision to search, up to the given one. */
  const upTo = (revision: bigint) => least(revision, (query.before ?? revision + 1n) - 1n);
  const inIndex = { ...query, before: upTo(indexed) + 1n };
  let hits = await readIndexed(reader, inIndex, maxItems, closed);
  for (let after = indexed; ;) {
    const state = await readState();
    if (state.compactedRevision > indexed) return findHits(wanted);
    const through = upTo(state.headRevision);
    if (through <= after || closed?.aborted) return hits;
    hits = newestOf([...hits, ...(await scanLog(wanted, after, through))], maxItems);
    after = through;
  }
}

/** Searches the entries that the log wrote after one revision and up to another, from the latest back. */
async function scanLog(wanted: Wanted, after: bigint, through: bigint): Promise<Hit[]> {
  const { reader, query, maxItems, closed } = wanted;
  const found: Hit[] = [];
  for (let end = through; end > after && found.length < maxItems; end -= logWindow) {
    const begin = end - least(logWindow, end - after);
    let written = await readWritten(reader, query, begin, end);
    while (written.length > 0) {
      if (closed?.aborted) return found;
      const some = firstOf(written, piece);
      found.push(...(await load(wanted, some)).map(hitOf));
      written = written.slice(some.length);
    }
  }
  return found;
}

/** Searches all entries of the namespaces, sorted by place. */
async function scan({ database, query, maxItems, closed }: Wanted): Promise<Hit[]> {
  const selection = { namespaces: query.namespaces, keys: everything };
  let found: Hit[] = [];
  for (let after: Place | null = null; ;) {
    const entries = { userId: query.userId, selection, onlyKeys: null, after };
    const page: EntryPage = await database.readEntries(entries, piece);
    found = newestOf([...found, ...(await matching(query, page.items)).map(hitOf)], maxItems);
    after = page.next;
    if (after === null || closed?.aborted) return found;
  }
}

/** Loads the current entries: one that was written later has its new revision. */
async function load({ reader, query }: Wanted, hits: readonly Hit[]): Promise<Found[]> {
  const found: Found[] = [];
  for (let left = hits; left.length > 0;) {
    const some = firstOf(left, loaded);
    found.push(...(await matching(query, await readPlaces(reader, query.userId, some))));
    left = left.slice(some.length);
  }
  return found.toSorted((a, b) => Number(b.entry.revision - a.entry.revision));
}

async function matching(
  { userId, folded, before }: SearchQuery,
  entries: readonly Entry[],
): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of entries) {
    if (before !== null && entry.revision >= before) continue;
    const match = await inSteps(findMatch(entry, folded), userId);
    if (match) found.push({ entry, match });
  }
  return found;
}

function hitOf({ entry: { namespace, key, revision, sizeBytes } }: Found): Hit {
  return { namespace, key, revision, sizeBytes };
}

/** Returns each place once, with its newest revision. */
function newestOf(hits: readonly Hit[], maxItems: number): Hit[] {
  const met = new Set<string>();
  const isNew = (hit: Hit) => met.size < met.add(placeId(hit)).size;
  return newestFirst(hits).filter(isNew).slice(0, maxItems);
}

function newestFirst<T extends { readonly revision: bigint }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => Number(b.revision - a.revision));
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
