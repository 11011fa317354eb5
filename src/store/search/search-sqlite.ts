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
// the searched text at every position. Smaller windows read parts of the index again.

/** The index is read in windows of this many entries, from the newest back. */
const windowEntries = 20_000;
/** Longer texts are compared by separate statements. */
const maxShortBytes = 512;
/** How much one of these compares: the bytes of entries, and these times the bytes of the searched text. */
const maxComparedBytes = 384 * 1024;
const maxWork = 100_000_000;
/** How many entries the first statement returns at least, how many times more each later one, and how many at most. */
const rowLimit = { first: 20, growth: 8, most: 200 };

/** An entry that contains the text, or one with a long text that has its trigrams. */
type Candidate = Hit & { readonly isLong: 0 | 1 };

/** "SearchIndex", an FTS5 table, has the trigrams of "SearchText". Its rowids are in the order of the revisions. */
export const sqliteSearch: SearchDialect = {
  async *readWindows(reader, query, maxItems) {
    const maxBytes = Math.min(maxComparedBytes, maxWork / Buffer.byteLength(query.folded));
    let limit = Math.max(maxItems, rowLimit.first);
    let { before } = query;
    for (let isLast = false; !isLast;) {
      const [begin] = await reader.client.all<Hit>(
        selectBegin({ ...query, before }, { maxItems: windowEntries }),
      );
      const from: bigint = begin?.revision ?? 0n;
      for (let hasMore = true; hasMore;) {
        const statement = selectCandidates({ ...query, before }, from, limit, reader.now);
        const candidates = await reader.client.all<Candidate>(statement);
        for (let left = candidates; left.length > 0;) {
          const some = firstOf(left, { maxItems: Infinity, maxBytes });
          yield await containing(reader, query, some);
          left = left.slice(some.length);
        }
        hasMore = candidates.length === limit;
        // Each statement reads parts of the index again, so a search of many long texts must not need many.
        limit = Math.min(limit * rowLimit.growth, rowLimit.most);
        before = candidates.at(-1)?.revision ?? before;
      }
      before = from;
      isLast = begin === undefined;
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

/**
 * Selects the newest candidates from a revision on. CROSS JOIN fixes the order of the tables, so that the index returns
 * the newest entries first and the statement stops at the limit. The + keeps SQLite from searching the namespaces for
 * each entry of the index. SQLite knows the size of a text without reading it.
 */
function selectCandidates(
  { userId, folded, before, namespaces }: SearchQuery,
  from: bigint,
  limit: number,
  now: Sql,
): Sql {
  const isLong = sql`octet_length("SearchText"."text") > ${maxShortBytes}`;
  return sql`
    SELECT "Entry"."namespace", "Entry"."key", "Entry"."revision", "Entry"."sizeBytes", ${isLong} AS "isLong"
    FROM "SearchIndex" CROSS JOIN "SearchText" ON "SearchText"."userId" = ${userId}
      AND "SearchText"."revision" = "SearchIndex"."rowid" - ${firstRowid(userId)}
    CROSS JOIN "Entry" ON "Entry"."userId" = ${userId} AND "Entry"."namespace" = "SearchText"."namespace"
      AND "Entry"."key" = "SearchText"."key" AND "Entry"."revision" = "SearchText"."revision"
    WHERE "SearchIndex" MATCH ${matchExpression(folded, namespaces)}
      AND "SearchIndex"."rowid" >= ${firstRowid(userId)} + ${from}
      AND "SearchIndex"."rowid" < ${firstRowid(userId)} + ${before ?? revisionsPerUser}
      AND (${isLong} OR instr("SearchText"."text", ${folded}) > 0)
      AND ${matchesAny(sql`+"SearchText"."namespace"`, namespaces)} AND ${isAlive(now)}
    ORDER BY "SearchIndex"."rowid" DESC LIMIT ${limit}`;
}

/** Leaves out the long texts that do not contain the searched one. */
async function containing(
  { client, table }: SearchReader,
  { userId, folded }: SearchQuery,
  candidates: readonly Candidate[],
): Promise<readonly Hit[]> {
  const long = candidates.filter(({ isLong }) => isLong);
  if (long.length === 0) return candidates;
  const rows = long.map(({ revision }) => [revision]);
  const wanted = table({ name: "wanted", columns: { revision: "bigint" }, rows });
  const found = await client.all<{ revision: bigint }>(sql`
    SELECT "SearchText"."revision" FROM ${wanted} CROSS JOIN "SearchText"
    WHERE "SearchText"."userId" = ${userId} AND "SearchText"."revision" = "wanted"."revision"
      AND instr("SearchText"."text", ${folded}) > 0`);
  const contained = new Set(found.map(({ revision }) => revision));
  return candidates.filter(({ isLong, revision }) => !isLong || contained.has(revision));
}
