import { isAlive, matchesAny, sql, type Sql } from "../../database/sql.ts";
import type { SearchDialect } from "./search-reader.ts";
import { indexedText, matchExpression } from "./trigrams.ts";

/** Each user has a separate range of the index's rowids, so that a search does not read other users' rows. */
const revisionsPerUser = 2n ** 40n;
const firstRowid = (userId: string): Sql =>
  sql`(SELECT "number" * ${revisionsPerUser} FROM "SearchUser" WHERE "userId" = ${userId})`;

/** "SearchIndex", an FTS5 table, has the trigrams of "SearchText". Its rowids are in the order of the revisions. */
export const sqliteSearch: SearchDialect = {
  // A statement occupies the event loop: about 10 ms if this many entries have all the trigrams but not the text.
  firstWindow: 20_000,
  nextWindow: 20_000,

  // CROSS JOIN fixes the order of the tables, so that the index returns the newest entries first and the statement
  // stops at the limit. The + keeps SQLite from searching the namespaces for each entry of the index.
  selectHits: ({ userId, folded, before, namespaces }, from, maxItems, now) => sql`
    SELECT "Entry"."namespace", "Entry"."key", "Entry"."revision", "Entry"."sizeBytes"
    FROM "SearchIndex" CROSS JOIN "SearchText" ON "SearchText"."userId" = ${userId}
      AND "SearchText"."revision" = "SearchIndex"."rowid" - ${firstRowid(userId)}
    CROSS JOIN "Entry" ON "Entry"."userId" = ${userId} AND "Entry"."namespace" = "SearchText"."namespace"
      AND "Entry"."key" = "SearchText"."key" AND "Entry"."revision" = "SearchText"."revision"
    WHERE "SearchIndex" MATCH ${matchExpression(folded, namespaces)}
      AND "SearchIndex"."rowid" >= ${firstRowid(userId)} + ${from ?? 0n}
      AND "SearchIndex"."rowid" < ${firstRowid(userId)} + ${before ?? revisionsPerUser}
      AND instr("SearchText"."text", ${folded}) > 0
      AND ${matchesAny(sql`+"SearchText"."namespace"`, namespaces)} AND ${isAlive(now)}
    ORDER BY "SearchIndex"."rowid" DESC LIMIT ${maxItems}`,

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
