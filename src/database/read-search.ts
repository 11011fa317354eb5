import type { Place } from "../store/model/place.ts";
import type { Entry } from "../store/model/entry.ts";
import type { Hit, SearchQuery, SearchState, WrittenPage } from "../store/contract.ts";
import { placeColumns, shownColumns } from "./tables.ts";
import { columns, empty, isAlive, matchesAny, sql, type Sql, type StoreReader } from "./sql.ts";
import type { RowTable } from "./row-table.ts";

// CROSS JOIN is SQLite's way to say which table comes first: of one user it might else read all entries.

/** What reads by the index, each database by its own. */
export interface SearchReader extends StoreReader {
  readonly table: (table: RowTable) => Sql;
  /** How many of the newest entries the first window has, and how many the next, by what the last one took. */
  readonly firstEntries: number;
  nextEntries(lastEntries: number, lastMs: number): number;
  /**
   * The first hits among the newest entries of earlier revisions, and the revision from which on it has looked; null
   * when nothing is left.
   */
  readWindow(
    query: SearchQuery,
    maxItems: number,
    entries: number,
  ): Promise<{ readonly rows: readonly HitRow[]; readonly from: bigint | null }>;
}

export interface HitRow {
  namespace: string;
  key: string;
  revision: bigint | number;
  sizeBytes: number;
}

function toHit({ namespace, key, revision, sizeBytes }: HitRow): Hit {
  return { namespace, key, revision: BigInt(revision), sizeBytes };
}

export async function readIndexed(
  reader: SearchReader,
  query: SearchQuery,
  maxItems: number,
): Promise<Hit[]> {
  const hits: Hit[] = [];
  let entries = reader.firstEntries;
  for (let rest = query; ;) {
    const begin = performance.now();
    const { rows, from } = await reader.readWindow(rest, maxItems - hits.length, entries);
    hits.push(...rows.map(toHit));
    if (hits.length >= maxItems || from === null) return hits;
    rest = { ...query, before: from };
    entries = reader.nextEntries(entries, performance.now() - begin);
  }
}

/** Where a window of so many indexed entries begins; null when there are no more. */
export async function readWindowBegin(
  { client }: StoreReader,
  query: SearchQuery,
  maxEntries: number,
): Promise<bigint | null> {
  const [row] = await client.all<{ revision: bigint }>(sql`
    SELECT "revision" FROM "SearchText" WHERE "userId" = ${query.userId}${within(query, null)}
    ORDER BY "revision" DESC LIMIT 1 OFFSET ${maxEntries - 1}`);
  return row?.revision ?? null;
}

/** Which revisions of indexed entries are looked through. */
export function within({ before }: SearchQuery, from: bigint | null): Sql {
  const begin = from === null ? empty : sql` AND "revision" >= ${from}`;
  return before === null ? begin : sql`${begin} AND "revision" < ${before}`;
}

interface StateRow {
  entryCount: bigint | number;
  sizeBytes: bigint | number;
  indexedRevision: bigint | null;
  buildingKey: string | null;
  compactedRevision: bigint | null;
}

export async function readSearchState(
  { client }: StoreReader,
  { userId, namespaces }: SearchQuery,
  maxCounted: number,
): Promise<SearchState> {
  const [row] = await client.all<StateRow>(sql`
    SELECT "entryCount", "sizeBytes", "indexedRevision", "buildingKey", "compactedRevision" FROM (
      SELECT COUNT(*) AS "entryCount", COALESCE(SUM("sizeBytes"), 0) AS "sizeBytes" FROM (
        SELECT "sizeBytes" FROM "Entry" WHERE "userId" = ${userId} AND ${matchesAny(sql`"namespace"`, namespaces)}
        LIMIT ${maxCounted + 1}
      ) AS "some"
    ) AS "counted" LEFT JOIN "SearchProgress" ON "SearchProgress"."userId" = ${userId}
      LEFT JOIN "User" ON "User"."userId" = ${userId}`);
  const { entryCount, sizeBytes, indexedRevision, buildingKey, compactedRevision } =
    row as StateRow;
  const indexed = indexedRevision ?? 0n;
  return {
    entryCount: Number(entryCount),
    sizeBytes: Number(sizeBytes),
    indexedRevision: indexed,
    isBuilt: buildingKey === null && (compactedRevision ?? 0n) <= indexed,
  };
}

/** Where nothing is there any more, what is of the entry is null. */
interface WrittenRow extends HitRow {
  through: bigint | number | null;
  changeCount: bigint | number;
  compacted: bigint | number;
}

export async function readWritten(
  { client, now }: StoreReader,
  { userId, namespaces, before }: SearchQuery,
  after: bigint,
  maxChanges: number,
): Promise<WrittenPage> {
  const earlier = before === null ? empty : sql` AND "revision" < ${before}`;
  const rows = await client.all<WrittenRow>(sql`
    WITH "latest" AS (
      SELECT "namespace", "key", "revision" FROM "Change"
      WHERE "userId" = ${userId} AND "revision" > ${after}${earlier} ORDER BY "revision" DESC LIMIT ${maxChanges}
    )
    SELECT "ends"."through", "ends"."changeCount", "ends"."compacted",
      "live"."namespace", "live"."key", "live"."revision", "live"."sizeBytes"
    FROM (
      SELECT (SELECT MIN("revision") FROM "latest") AS "through", (SELECT COUNT(*) FROM "latest") AS "changeCount",
        COALESCE((SELECT "compactedRevision" FROM "User" WHERE "userId" = ${userId}), 0) AS "compacted"
    ) AS "ends" LEFT JOIN (
      SELECT "Entry"."namespace", "Entry"."key", "Entry"."revision", "Entry"."sizeBytes" FROM "latest"
      CROSS JOIN "Entry" WHERE "Entry"."userId" = ${userId} AND "Entry"."namespace" = "latest"."namespace"
        AND "Entry"."key" = "latest"."key" AND "Entry"."revision" = "latest"."revision"
        AND ${matchesAny(sql`"Entry"."namespace"`, namespaces)} AND ${isAlive(now)}
    ) AS "live" ON 1 = 1
    ORDER BY "live"."revision" DESC`);
  const { through, changeCount, compacted } = rows[0] as WrittenRow;
  return {
    hits: rows.filter((row) => row.key !== null).map(toHit),
    through: Number(changeCount) < maxChanges || through === null ? null : BigInt(through),
    compacted: BigInt(compacted),
  };
}

const shown = columns("Entry", shownColumns);

export async function readPlaces(
  { client, now, table }: SearchReader,
  userId: string,
  places: readonly Place[],
): Promise<Entry[]> {
  const wanted = table({
    name: "wanted",
    columns: placeColumns,
    rows: places.map(({ namespace, key }) => [userId, namespace, key]),
  });
  return client.all<Entry>(sql`
    SELECT ${shown} FROM ${wanted} CROSS JOIN "Entry" WHERE "Entry"."userId" = ${userId}
      AND "Entry"."namespace" = "wanted"."namespace" AND "Entry"."key" = "wanted"."key" AND ${isAlive(now)}`);
}
