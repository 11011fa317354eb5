import type { Database, Hit, Page, PageBounds, SearchQuery } from "../contract.ts";
import type { Entry } from "../model/entry.ts";
import { findMatch, type Match } from "./search-text.ts";
import { placeId } from "../model/place.ts";
import { everything } from "../model/text-match.ts";

/** An entry that was found, and where. */
export interface Found {
  readonly entry: Entry;
  readonly match: Match;
}

/** The part of a database that searches. */
export type SearchDatabase = Pick<
  Database,
  "readEntries" | "readIndexed" | "readPlaces" | "readSearchState" | "readWritten"
>;

/** What is no more than this is read rather than looked up. */
const scannedEntries = 500;
/** How much is loaded to be looked through at once; then others have their turn. */
const chunk = { maxItems: 500, maxBytes: 1024 * 1024 };

/**
 * Finds entries by their text, the last written first. The index follows the log a little behind it, so what was written since is read: an
 * answered write is always found. Reads see no common snapshot. The index is read first: what is written meanwhile is in
 * the log when that is read, so it may be met twice and is never missed.
 */
export async function search(
  database: SearchDatabase,
  query: SearchQuery,
  bounds: PageBounds,
): Promise<Page<Found>> {
  for (let rest = query; ;) {
    const hits = await findHits(database, rest, bounds.maxItems + 1);
    const within = hits.slice(0, countWithin(hits.slice(0, bounds.maxItems), bounds.maxBytes));
    const last = within.at(-1);
    const hasMore = hits.length > within.length;
    const items = await loadFound(database, rest, within);
    // They may have gone since.
    if (items.length > 0 || !hasMore || last === undefined) return { items, hasMore };
    rest = { ...query, before: last.revision };
  }
}

/** The first entries that have the text, the last written first. */
async function findHits(
  database: SearchDatabase,
  query: SearchQuery,
  maxItems: number,
): Promise<readonly Hit[]> {
  const state = await database.readSearchState(query, scannedEntries);
  const isSmall = state.entryCount <= scannedEntries && state.sizeBytes <= chunk.maxBytes;
  if (isSmall || !state.isBuilt) return scan(database, query, maxItems);

  const { indexedRevision } = state;
  const isBehind = query.before === null || query.before > indexedRevision;
  const before = isBehind ? indexedRevision + 1n : query.before;
  const indexed = await database.readIndexed({ ...query, before }, maxItems);
  const later = await scanLog(database, query, indexedRevision, maxItems);
  // The log was compacted up to where the index has come meanwhile.
  if (later === null) return findHits(database, query, maxItems);
  return newestOf([...later, ...indexed], maxItems);
}

/** Of what was written after a revision, the newest; null when the log does not reach back so far any more. */
async function scanLog(
  database: SearchDatabase,
  query: SearchQuery,
  after: bigint,
  maxItems: number,
): Promise<Hit[] | null> {
  const found: Hit[] = [];
  let { before } = query;
  /** The first page has all that was written later. */
  let newest: bigint | null = null;
  while ((before === null || before > after + 1n) && found.length < maxItems) {
    const page = await database.readWritten({ ...query, before }, after, chunk.maxItems);
    if (page.compacted > after) return null;
    for (const part of chunksOf(page.hits)) found.push(...(await loadHits(database, query, part)));
    if (page.through === null) break;
    newest ??= page.hits[0]?.revision ?? page.through;
    before = page.through;
  }
  if (newest === null || query.before !== null) return found;
  // What was to come on a later page may have been written again meanwhile, and lie before the first one now.
  const later = await scanLog(database, query, newest, maxItems);
  return later && [...found, ...later];
}

/** Reads every entry of the namespaces, in their order. */
async function scan(
  database: SearchDatabase,
  query: SearchQuery,
  maxItems: number,
): Promise<Hit[]> {
  const { userId, namespaces } = query;
  const selection = { namespaces, keys: everything };
  let found: Hit[] = [];
  let after: { namespace: string; key: string } | null = null;
  for (;;) {
    const entries = { userId, selection, onlyKeys: null, after };
    const page = await database.readEntries(entries, chunk);
    found = newestOf([...found, ...matching(query, page.items).map(hitOf)], maxItems);
    const last = page.items.at(-1);
    if (!page.hasMore || last === undefined) return found;
    after = { namespace: last.namespace, key: last.key };
  }
}

async function loadHits(
  database: SearchDatabase,
  query: SearchQuery,
  hits: readonly Hit[],
): Promise<Hit[]> {
  return (await loadFound(database, query, hits)).map(hitOf);
}

/** As they are now: one that was written since has its new revision, if it still has the text. */
async function loadFound(
  database: SearchDatabase,
  query: SearchQuery,
  hits: readonly Hit[],
): Promise<Found[]> {
  if (hits.length === 0) return [];
  return matching(query, newestFirst(await database.readPlaces(query.userId, hits)));
}

function matching({ folded, before }: SearchQuery, entries: readonly Entry[]): Found[] {
  return entries.flatMap((entry) => {
    const match = before === null || entry.revision < before ? findMatch(entry, folded) : null;
    return match === null ? [] : [{ entry, match }];
  });
}

function hitOf({ entry: { namespace, key, revision, sizeBytes } }: Found): Hit {
  return { namespace, key, revision, sizeBytes };
}

/** Each entry once, as it is the newest. */
function newestOf(hits: readonly Hit[], maxItems: number): Hit[] {
  const met = new Set<string>();
  return newestFirst(hits)
    .filter(({ namespace, key }) => {
      const id = placeId({ namespace, key });
      return met.size < met.add(id).size;
    })
    .slice(0, maxItems);
}

function newestFirst<T extends { readonly revision: bigint }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => Number(b.revision - a.revision));
}

/** How many of them have no more bytes together; one at least. */
function countWithin(hits: readonly Hit[], maxBytes: number): number {
  let bytes = 0;
  let count = 0;
  while (count < hits.length && bytes < maxBytes) bytes += hits[count++]?.sizeBytes ?? 0;
  return count;
}

function* chunksOf(hits: readonly Hit[]): Generator<readonly Hit[]> {
  for (let begin = 0; begin < hits.length;) {
    const end = begin + countWithin(hits.slice(begin), chunk.maxBytes);
    yield hits.slice(begin, end);
    begin = end;
  }
}
