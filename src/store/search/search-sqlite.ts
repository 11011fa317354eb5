import { isAlive, matchesAny, sql, type Sql } from "../../database/sql.ts";
import {
  firstOf,
  selectBegin,
  type Hit,
  type SearchDialect,
  type SearchQuery,
  type SearchReader,
} from "./search-reader.ts";
import { indexedText, matchExpression } from "./trigrams.ts";

/** Each user has a separate range of the index's rowids, so that a search does not read other users' rows. */
const revisionsPerUser = 2n ** 40n;
const firstRowid = (userId: string): Sql =>
  sql`(SELECT "number" * ${revisionsPerUser} FROM "SearchUser" WHERE "userId" = ${userId})`;

// A statement occupies the event loop. The limits keep it below about 20 ms, even for texts like aaa…, which nearly contain
// the searched text at every position.

/** Longer texts are compared by separate statements. */
const maxShortBytes = 512;
/** How much one of these compares: the bytes of entries, and these times the bytes of the searched text. */
const maxComparedBytes = 384 * 1024;
const maxWork = 100_000_000;

/** The index is read in windows, from the newest entries back. Smaller windows read parts of the index again. */
interface SearchLimits {
  /** The size of the first window, which quickly finds a common text. */
  readonly firstEntries: number;
  /** The size of all other windows. */
  readonly windowEntries: number;
  /** How many entries with the trigrams a statement compares. */
  readonly maxCompared: number;
}

/** "SearchIndex", an FTS5 table, has the trigrams of "SearchText". Its rowids are in the order of the revisions. */
export const sqliteSearch = createSqliteSearch({
  firstEntries: 100,
  windowEntries: 40_000,
  maxCompared: 1_000,
});

export function createSqliteSearch(limits: SearchLimits): SearchDialect {
  const { firstEntries, windowEntries, maxCompared } = limits;
  return {
    async *readWindows(reader, query) {
      let { before } = query;
      for (let maxItems = firstEntries; ; maxItems = windowEntries) {
        const window = { ...query, before };
        const [begin] = await reader.client.all<Hit>(selectBegin(window, { maxItems }));
        const from: bigint = begin?.revision ?? 0n;
        const [indexed] = await reader.client.all<{ revisions: string }>(
          selectIndexed(window, from),
        );
        const revisions = (JSON.parse(indexed?.revisions ?? "[]") as number[]).toSorted(
          (a, b) => b - a,
        );
        for (let at = 0; at < revisions.length; at += maxCompared) {
          yield* readContaining(reader, query, revisions.slice(at, at + maxCompared));
        }
        if (begin === undefined) return;
        before = from;
      }
    },

    selectEntries: (columns, places, isWanted) => sql`
    SELECT ${columns} FROM ${places} CROSS JOIN "Entry" WHERE ${isWanted}`,

    // One row in each statement, after all other statements: then FTS5 writes when the transaction commits, on another
    // thread. A statement with many rows would make it write immediately.
    afterReplacement: (userId, removed, added) => [
      sql`INSERT INTO "SearchUser" ("userId") VALUES (${userId}) ON CONFLICT DO NOTHING`,
      ...removed.map(
        (revision) =>
          sql`DELETE FROM "SearchIndex" WHERE "rowid" = ${firstRowid(userId)} + ${revision}`,
      ),
      ...added.map(
        ({ revision, text, namespace }) => sql`INSERT INTO "SearchIndex" ("rowid", "text")
        VALUES (${firstRowid(userId)} + ${revision}, ${indexedText(text, namespace)})`,
      ),
    ],
  };
}

/**
 * Selects the entries of a window that have the trigrams, as a JSON array, because a row for each takes longer. FTS5 reads
 * them in ascending order several times as fast as in descending order.
 */
function selectIndexed({ userId, folded, before, namespaces }: SearchQuery, from: bigint): Sql {
  const first = firstRowid(userId);
  return sql`
    SELECT json_group_array("rowid" - ${first}) AS "revisions" FROM "SearchIndex"
    WHERE "SearchIndex" MATCH ${matchExpression(folded, namespaces)}
      AND "rowid" >= ${first} + ${from} AND "rowid" < ${first} + ${before ?? revisionsPerUser}`;
}

/** Returns those of the entries that contain the text, in the same order. */
async function* readContaining(
  { client, now }: SearchReader,
  query: SearchQuery,
  revisions: readonly number[],
): AsyncIterable<readonly Hit[]> {
  const isLong = sql`octet_length("SearchText"."text") > ${maxShortBytes}`;
  const contains = sql`instr("SearchText"."text", ${query.folded}) > 0`;
  const candidates = await client.all<Hit & { readonly isLong: 0 | 1 }>(
    selectAmong(query, revisions, isLong, sql`(${isLong} OR ${contains})`, now),
  );
  if (!candidates.some((candidate) => candidate.isLong)) {
    yield candidates;
    return;
  }
  const maxBytes = Math.min(maxComparedBytes, maxWork / Buffer.byteLength(query.folded));
  for (let left = candidates; left.length > 0;) {
    const some = firstOf(left, { maxItems: Infinity, maxBytes });
    const wanted = some.map(({ revision }) => Number(revision));
    yield await client.all<Hit>(selectAmong(query, wanted, sql`0`, contains, now));
    left = left.slice(some.length);
  }
}

/**
 * Selects the live ones of the entries that meet a condition. CROSS JOIN fixes the order of the tables, and the + keeps
 * SQLite from searching the namespaces for each entry. SQLite knows the size of a text without reading it.
 */
function selectAmong(
  { userId, namespaces }: SearchQuery,
  revisions: readonly number[],
  isLong: Sql,
  condition: Sql,
  now: Sql,
): Sql {
  return sql`
    SELECT "Entry"."namespace", "Entry"."key", "Entry"."revision", "Entry"."sizeBytes", ${isLong} AS "isLong"
    FROM json_each(${JSON.stringify(revisions)}) AS "wanted"
    CROSS JOIN "SearchText" ON "SearchText"."userId" = ${userId} AND "SearchText"."revision" = "wanted"."value"
    CROSS JOIN "Entry" ON "Entry"."userId" = ${userId} AND "Entry"."namespace" = "SearchText"."namespace"
      AND "Entry"."key" = "SearchText"."key" AND "Entry"."revision" = "SearchText"."revision"
    WHERE ${condition} AND ${matchesAny(sql`+"SearchText"."namespace"`, namespaces)} AND ${isAlive(now)}
    ORDER BY "wanted"."id"`;
}
