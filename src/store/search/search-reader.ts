import type { RowTable } from "../../database/row-table.ts";
import { columns, empty, isAlive, matchesAny, raw, sql } from "../../database/sql.ts";
import type { Sql, StoreReader } from "../../database/sql.ts";
import { placeColumns, shownColumns } from "../../database/tables.ts";
import type { PageBounds } from "../contract.ts";
import type { Entry } from "../model/entry.ts";
import type { Place } from "../model/place.ts";
import type { TextMatch } from "../model/text-match.ts";

// The statements that both databases share. CROSS JOIN fixes the order of the tables for SQLite, which could otherwise
// read all entries of a user.

/** Where the statements of this folder run. */
export interface SearchReader extends StoreReader {
  /** A reader whose statements alternate with those of other users. Undefined if there are no other users. */
  readonly ofUser?: (userId: string) => SearchReader;
  readonly table: (table: RowTable) => Sql;
  readonly dialect: SearchDialect;
}

/** The parts of a search that differ between the databases. */
export interface SearchDialect {
  /**
   * Reads the entries that contain the text, the newest first, in windows that take a short time each. A window can have
   * no entries, or more than are wanted.
   */
  readWindows(
    reader: SearchReader,
    query: SearchQuery,
    maxItems: number,
  ): AsyncIterable<readonly Hit[]>;
  /** Selects columns of the entries at places; `isWanted` joins the two. */
  selectEntries(columns: Sql, places: Sql, isWanted: Sql): Sql;
  /** Further statements after rows of "SearchText" were removed and others added. */
  afterReplacement(
    userId: string,
    removed: readonly bigint[],
    added: readonly IndexedText[],
  ): readonly Sql[];
}

export interface SearchQuery {
  readonly userId: string;
  readonly namespaces: readonly TextMatch[];
  /** The text to find, as `fold` returns it: at least three characters. */
  readonly folded: string;
  /** Only entries of earlier revisions; null for all. */
  readonly before: bigint | null;
}

/** An entry that a search can return, without its value. */
export type Hit = Pick<Entry, "namespace" | "key" | "revision" | "sizeBytes">;

/** A row of "SearchText": the text of an entry as it was at its revision. */
export type IndexedText = Pick<Entry, "namespace" | "key" | "revision"> & { readonly text: string };

/** The position of the index in a user's log, and the ends of that log. */
export interface IndexState {
  /** The index has every entry that was last written up to this revision … */
  readonly indexedRevision: bigint;
  /** … unless it is being built from the entries, up to this place so far; null if it is not. */
  readonly buildingNamespace: string | null;
  readonly buildingKey: string | null;
  readonly headRevision: bigint;
  readonly compactedRevision: bigint;
}

const emptyState = {
  buildingNamespace: null,
  buildingKey: null,
  headRevision: 0n,
  compactedRevision: 0n,
};

export async function readIndexState({ client }: StoreReader, userId: string): Promise<IndexState> {
  const [row] = await client.all<IndexState & { readonly indexedRevision: bigint | null }>(sql`
    SELECT "indexedRevision", "buildingNamespace", "buildingKey", "headRevision", "compactedRevision"
    FROM "User" LEFT JOIN "SearchProgress" ON "SearchProgress"."userId" = ${userId} WHERE "User"."userId" = ${userId}`);
  return { ...emptyState, ...row, indexedRevision: row?.indexedRevision ?? 0n };
}

/** Users whose log is ahead of the index, without users with an import in progress. */
export async function readUnindexed({ client }: StoreReader, maxUsers: number): Promise<string[]> {
  const rows = await client.all<{ userId: string }>(sql`
    SELECT "User"."userId" FROM "User" LEFT JOIN "SearchProgress" ON "SearchProgress"."userId" = "User"."userId"
    WHERE ("headRevision" > COALESCE("indexedRevision", 0) OR "buildingKey" IS NOT NULL)
      AND "compactedRevision" <= "headRevision" LIMIT ${maxUsers}`);
  return rows.map(({ userId }) => userId);
}

/**
 * Entries that contain the text according to the index, the last written first. Entries written later are left out.
 * @param closed ends the reading when the caller has disconnected
 */
export async function readIndexed(
  reader: SearchReader,
  query: SearchQuery,
  maxItems: number,
  closed: AbortSignal | null,
): Promise<Hit[]> {
  const hits: Hit[] = [];
  for await (const window of reader.dialect.readWindows(reader, query, maxItems)) {
    hits.push(...window);
    if (hits.length >= maxItems || closed?.aborted) break;
  }
  return hits.slice(0, maxItems);
}

/**
 * Selects the revision where a window of the newest entries begins: at the entry with which it is full. Selects none if
 * all remaining entries fit in.
 */
export function selectBegin(
  { userId, before }: SearchQuery,
  { maxItems, maxBytes }: { readonly maxItems: number; readonly maxBytes?: number },
): Sql {
  const newest = sql`FROM "SearchText" WHERE "userId" = ${userId}${isBefore(before)} ORDER BY "revision" DESC`;
  if (maxBytes === undefined) {
    return sql`SELECT "revision" ${newest} LIMIT 1 OFFSET ${maxItems - 1}`;
  }
  // The databases know the size of a text without reading it.
  return sql`
    SELECT "revision" FROM (
      SELECT "revision", ROW_NUMBER() OVER "newer" AS "items", SUM(octet_length("text")) OVER "newer" AS "bytes"
      FROM (SELECT "revision", "text" ${newest} LIMIT ${maxItems}) AS "newest"
      WINDOW "newer" AS (ORDER BY "revision" DESC ROWS UNBOUNDED PRECEDING)
    ) AS "summed" WHERE "items" >= ${maxItems} OR "bytes" >= ${maxBytes} ORDER BY "revision" DESC LIMIT 1`;
}

/** Returns the first items up to the bounds; at least one. */
export function firstOf<T extends { readonly sizeBytes: number }>(
  items: readonly T[],
  { maxItems, maxBytes }: PageBounds,
): T[] {
  let bytes = 0;
  let count = 0;
  while (count < Math.min(items.length, maxItems) && bytes < maxBytes) {
    bytes += items[count++]?.sizeBytes ?? 0;
  }
  return items.slice(0, count);
}

export function isBefore(revision: bigint | null): Sql {
  return revision === null ? empty : sql` AND "revision" < ${revision}`;
}

/** The log is read in windows of at most this many revisions. */
export const logWindow = 250n;

/** Selects the changes of a window. The LIMIT removes no row: it tells PostgreSQL how few there are. */
export function selectChanges(userId: string, after: bigint, through: bigint): Sql {
  return sql`SELECT "revision", "namespace", "key" FROM "Change" WHERE "userId" = ${userId}
    AND "revision" > ${after} AND "revision" <= ${through} ORDER BY "revision" DESC LIMIT ${raw(String(logWindow))}`;
}

/** Entries that were last written in a window of the log, with any text, the last written first. */
export function readWritten(
  { client, now }: StoreReader,
  { userId, namespaces }: Pick<SearchQuery, "userId" | "namespaces">,
  after: bigint,
  through: bigint,
): Promise<Hit[]> {
  return client.all<Hit>(sql`
    SELECT "Entry"."namespace", "Entry"."key", "Entry"."revision", "Entry"."sizeBytes"
    FROM (${selectChanges(userId, after, through)}) AS "latest" CROSS JOIN "Entry" WHERE "Entry"."userId" = ${userId}
      AND "Entry"."namespace" = "latest"."namespace" AND "Entry"."key" = "latest"."key"
      AND "Entry"."revision" = "latest"."revision" AND ${matchesAny(sql`"Entry"."namespace"`, namespaces)} AND ${isAlive(now)}
    ORDER BY "Entry"."revision" DESC`);
}

const shown = columns("Entry", shownColumns);

/** The current entries at these places. */
export function readPlaces(
  { client, now, table, dialect }: SearchReader,
  userId: string,
  places: readonly Place[],
): Promise<Entry[]> {
  const rows = places.map(({ namespace, key }) => [userId, namespace, key]);
  const wanted = table({ name: "wanted", columns: placeColumns, rows });
  const isWanted = sql`"Entry"."userId" = ${userId} AND "Entry"."namespace" = "wanted"."namespace"
    AND "Entry"."key" = "wanted"."key" AND ${isAlive(now)}`;
  return client.all<Entry>(dialect.selectEntries(shown, wanted, isWanted));
}
