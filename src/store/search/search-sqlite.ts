import { isAlive, matchesAny, sql, type Sql } from "../../database/sql.ts";
import type { SearchDialect } from "./search-reader.ts";
import { indexedText, matchExpression } from "./trigrams.ts";

/** A user's revisions are a range of the index's rowids, so that a search does not meet what others have. */
const revisionsPerUser = 2n ** 40n;
const firstRowid = (userId: string): Sql =>
  sql`(SELECT "number" * ${revisionsPerUser} FROM "SearchUser" WHERE "userId" = ${userId})`;

/** "SearchIndex", a table of FTS5, has the trigrams of "SearchText", and its rowids are the order of the revisions. */
export const sqliteSearch: SearchDialect = {
  // A statement holds the event loop: some 10 ms where so many entries have all the trigrams and not the text.
  firstWindow: 20_000,
  nextWindow: 20_000,

  // CROSS JOIN: in this order, so that the index gives the newest first and is left when there are enough. The + keeps
  // SQLite from looking through the namespaces for each entry that the index gives.
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

  // One row in a statement, and after all other statements: then FTS5 writes when the transaction commits, which is on
  // another thread. A statement of many rows makes it write what it has so far.
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
