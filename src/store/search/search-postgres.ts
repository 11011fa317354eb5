import { isAlive, matchesAny, sql } from "../../database/sql.ts";
import { isBefore, type SearchDialect } from "./search-reader.ts";

/** The GIN index of "SearchText" has its trigrams, but no order. */
export const postgresSearch: SearchDialect = {
  // The newest entries are read in order, which quickly finds a common text. All other entries are one window.
  firstWindow: 500,
  nextWindow: Infinity,

  selectHits({ userId, folded, before, namespaces }, from, maxItems, now) {
    const isRest = from === null;
    // LIKE uses the index. strpos finds the same entries, and lets PostgreSQL read in the order of the revisions.
    const contains = isRest
      ? sql`"text" LIKE ${`%${folded.replace(/[\\%_]/g, "\\$&")}%`}`
      : sql`strpos("text", ${folded}) > 0`;
    return sql`
      WITH "matching" AS ${isRest ? sql`MATERIALIZED` : sql``} (
        SELECT "namespace", "key", "revision" FROM "SearchText"
        WHERE "userId" = ${userId} AND ${contains} AND ${matchesAny(sql`"namespace"`, namespaces)}
          AND "revision" >= ${from ?? 0n}${isBefore(before)}
      ), "ordered" AS (SELECT * FROM "matching" ORDER BY "revision" DESC OFFSET 0)
      SELECT "ordered"."namespace", "ordered"."key", "ordered"."revision", "live"."sizeBytes"
      FROM "ordered" CROSS JOIN LATERAL (
        SELECT "sizeBytes" FROM "Entry" WHERE "userId" = ${userId} AND "namespace" = "ordered"."namespace"
          AND "key" = "ordered"."key" AND "revision" = "ordered"."revision" AND ${isAlive(now)} LIMIT 1
      ) AS "live" ORDER BY "ordered"."revision" DESC LIMIT ${maxItems}`;
  },

  // The planner does not know how few places there are. LIMIT keeps it from reading all entries of the user.
  selectEntries: (columns, places, isWanted) => sql`
    SELECT "found".* FROM ${places} CROSS JOIN LATERAL (
      SELECT ${columns} FROM "Entry" WHERE ${isWanted} LIMIT 1) AS "found"`,

  // PostgreSQL maintains the index itself.
  afterReplacement: () => [],
};
