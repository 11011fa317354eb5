import type { IndexDialect } from "../index-search.ts";
import { readWindowBegin, type HitRow, type SearchReader } from "../read-search.ts";
import { isAlive, matchesAny, sql, type Sql, type SqlClient, type SqlReader } from "../sql.ts";
import { indexedText, matchExpression } from "./trigrams.ts";
import { now } from "./now.ts";
import { rowTable as table } from "./row-table.ts";

/** A statement holds up the process: some 10 ms when so many have all the trigrams and not the text. */
const firstEntries = 20_000;
/** After a window that took no longer the next is larger: a rare text is not looked for in many. */
const quickMs = 10;
const quickGrowth = 8;
const mostEntries = 160_000;
/** A user's revisions are a range of the index's rowids, so that a search does not meet what others have. */
const revisionsPerUser = 2n ** 40n;
const firstRowid = (userId: string): Sql =>
  sql`(SELECT "number" * ${revisionsPerUser} FROM "SearchUser" WHERE "userId" = ${userId})`;

export function sqliteSearchReader(client: SqlReader): SearchReader {
  return {
    client,
    now,
    table,
    firstEntries,
    nextEntries: (entries, ms) =>
      ms < quickMs ? Math.min(quickGrowth * entries, mostEntries) : entries,
    async readWindow(query, maxItems, entries) {
      const { userId, folded, before, namespaces } = query;
      const from = await readWindowBegin({ client, now }, query, entries);
      // CROSS JOIN: in this order, so that the index gives the newest first and is left when there are enough. The + keeps
      // SQLite from looking through the namespaces for each that it gives.
      const rows = await client.all<HitRow>(sql`
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
        ORDER BY "SearchIndex"."rowid" DESC LIMIT ${maxItems}`);
      return { rows, from };
    },
  };
}

export function sqliteIndexDialect(client: SqlClient): IndexDialect {
  return {
    table,
    lockProgress: sql``,
    async removing(userId, condition) {
      await client.run(sql`
        DELETE FROM "SearchIndex" WHERE "rowid" IN (
          SELECT ${firstRowid(userId)} + "revision" FROM "SearchText" WHERE ${condition})`);
    },
    async adding(userId, texts) {
      const rows = table({
        name: "new",
        columns: { revision: "bigint", text: "text" },
        rows: texts.map(({ namespace, revision, text }) => [
          revision,
          indexedText(text, namespace),
        ]),
      });
      await client.run(
        sql`INSERT INTO "SearchUser" ("userId") VALUES (${userId}) ON CONFLICT DO NOTHING`,
      );
      await client.run(sql`
        INSERT INTO "SearchIndex" ("rowid", "text") SELECT ${firstRowid(userId)} + "revision", "text" FROM ${rows}`);
    },
  };
}
