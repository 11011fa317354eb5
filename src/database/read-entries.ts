import type { Entry, EntryHead } from "../store/model/entry.ts";
import type { Place, UserPlace } from "../store/model/place.ts";
import type { EntryPage, EntryQuery, PageBounds } from "../store/contract.ts";
import type { StoredEntry } from "../store/model/claim.ts";
import { rangeAfter } from "./entry-range.ts";
import { shownColumns, shownHeadColumns, storedColumns } from "./tables.ts";
import { columns, empty, isAlive, join, sql, type Sql, type StoreReader } from "./sql.ts";

const shown = columns("Entry", shownColumns);

export async function readEntry(
  { client, now }: StoreReader,
  userId: string,
  place: Place,
): Promise<Entry | null> {
  const rows = await client.all<Entry>(
    sql`SELECT ${shown} FROM "Entry" WHERE "userId" = ${userId} AND "namespace" = ${place.namespace} AND "key" = ${place.key}
      AND ${isAlive(now)}`,
    1,
  );
  return rows[0] ?? null;
}

export function readEntries(
  reader: StoreReader,
  query: EntryQuery,
  bounds: PageBounds,
): Promise<EntryPage> {
  return readPage<Entry>(reader, query, bounds, shownColumns);
}

export function readEntryHeads(
  reader: StoreReader,
  query: EntryQuery,
  bounds: PageBounds,
): Promise<EntryPage<EntryHead>> {
  return readPage<EntryHead>(reader, query, bounds, shownHeadColumns);
}

export function readStoredEntries(
  reader: StoreReader,
  query: EntryQuery,
  bounds: PageBounds,
): Promise<EntryPage<StoredEntry>> {
  return readPage<StoredEntry>(reader, query, bounds, storedColumns);
}

interface PageRow {
  head: bigint | number;
  candidateCount: bigint | number;
  bytesBefore: bigint | number | string | null;
}

/**
 * Sums sizes before any value is read, so that a page never loads more than its bounds. The page is joined to its
 * entries with a LEFT JOIN, although no entry is missing: otherwise SQLite would scan all entries of the user. The
 * database does not sort the result, because it would copy the values.
 */
async function readPage<E extends EntryHead>(
  { client, now }: StoreReader,
  query: EntryQuery,
  bounds: PageBounds,
  loaded: readonly string[],
): Promise<EntryPage<E>> {
  const { userId } = query;
  const loadedBytes = loaded.includes("claimError")
    ? sql`"sizeBytes" + COALESCE(OCTET_LENGTH("claimError"), 0)`
    : loaded.includes("value")
      ? sql`"sizeBytes"`
      : sql`OCTET_LENGTH("key") + OCTET_LENGTH("metadata")`;
  const { condition, next } = await rangeAfter(client, query);
  const rows = await client.all<PageRow & (E | { key: null })>(sql`
    WITH "candidates" AS (
      SELECT "namespace", "key", ${loadedBytes} AS "loadedBytes" FROM "Entry"
      WHERE "userId" = ${userId} AND ${condition} AND ${isAlive(now)}${onlyOfWork(query, now)}${onlyKeys(query)}
      ORDER BY ${orderOf(query)} LIMIT ${bounds.maxItems + 1}
    ), "page" AS (
      SELECT "namespace", "key", SUM("loadedBytes") OVER (ORDER BY "namespace", "key" ROWS UNBOUNDED PRECEDING) - "loadedBytes" AS "bytesBefore"
      FROM "candidates"
    )
    SELECT "head", (SELECT COUNT(*) FROM "candidates") AS "candidateCount", "bytesBefore", ${columns("Entry", loaded)}
    FROM (SELECT COALESCE((SELECT "headRevision" FROM "User" WHERE "userId" = ${userId}), 0) AS "head") AS "store"
      LEFT JOIN "page" ON "page"."bytesBefore" < ${bounds.maxBytes}
      LEFT JOIN "Entry" ON "Entry"."userId" = ${userId} AND "Entry"."namespace" = "page"."namespace" AND "Entry"."key" = "page"."key"`);
  const items: E[] = [];
  rows.sort((one, other) => Number(one.bytesBefore) - Number(other.bytesBefore));
  for (const { head: _, candidateCount: __, bytesBefore: ___, ...entry } of rows) {
    if (entry.key !== null && items.length < bounds.maxItems) items.push(entry as unknown as E);
  }
  const last = items.at(-1);
  const hasMore = Number(rows[0]?.candidateCount ?? 0) > items.length;
  return {
    items,
    hasMore,
    next: hasMore && last ? { namespace: last.namespace, key: last.key } : next,
    head: BigInt(rows[0]?.head ?? 0),
  };
}

function onlyOfWork({ onlyDeadLettered = false, onlyFree = false }: EntryQuery, now: Sql): Sql {
  if (onlyDeadLettered) return sql` AND "isCompleted" = false AND "isDeadLettered" = true`;
  if (!onlyFree) return empty;
  return sql` AND "isCompleted" = false AND "isDeadLettered" = false AND ("claimExpiresAt" IS NULL OR "claimExpiresAt" <= ${now})`;
}

/** Free entries are sorted by all columns of their index. Without statistics, PostgreSQL would scan completed ones. */
function orderOf({ onlyFree = false }: EntryQuery): Sql {
  return onlyFree ? sql`"isCompleted", "isDeadLettered", "key"` : sql`"namespace", "key"`;
}

function onlyKeys({ onlyKeys: keys }: EntryQuery): Sql {
  if (keys === null) return empty;
  return keys.length === 0 ? sql` AND 1 = 0` : sql` AND "key" IN (${join([...keys])})`;
}

/** Reads expired entries that are still stored, of all users without an import in progress. */
export async function readExpired(
  { client, now }: StoreReader,
  maxItems: number,
): Promise<UserPlace[]> {
  return client.all<UserPlace>(sql`
    SELECT "userId", "namespace", "key" FROM "Entry" WHERE "expiresAt" <= ${now} AND NOT EXISTS (
      SELECT 1 FROM "User" WHERE "User"."userId" = "Entry"."userId" AND "compactedRevision" > "headRevision")
    ORDER BY "expiresAt" LIMIT ${maxItems}`);
}
