import type { IndexDialect } from "../index-search.ts";
import { readWindowBegin, within, type HitRow, type SearchReader } from "../read-search.ts";
import { isAlive, matchesAny, sql, type Sql, type StoreReader } from "../sql.ts";
import { rowTable as table } from "./row-table.ts";

/** So many of the newest are read one after the other: what many entries have is found there. The rest is one window. */
const firstEntries = 500;

export function postgresSearchReader({ client, now }: StoreReader): SearchReader {
  return {
    client,
    now,
    table,
    firstEntries,
    nextEntries: () => Number.POSITIVE_INFINITY,
    async readWindow(query, maxItems, entries) {
      const { userId, folded, namespaces } = query;
      const isFirst = entries === firstEntries;
      const from = isFirst ? await readWindowBegin({ client, now }, query, entries) : null;
      // For LIKE there is the index; strpos finds the same, and leaves PostgreSQL the order of the revisions.
      const contains = isFirst
        ? sql`strpos("text", ${folded}) > 0`
        : sql`"text" LIKE ${patternOf(folded)}`;
      const rows = await client.all<HitRow>(sql`
        WITH "matching" AS ${isFirst ? sql`` : sql`MATERIALIZED`} (
          SELECT "namespace", "key", "revision" FROM "SearchText"
          WHERE "userId" = ${userId} AND ${contains} AND ${matchesAny(sql`"namespace"`, namespaces)}${within(query, from)}
        ), "ordered" AS (SELECT * FROM "matching" ORDER BY "revision" DESC OFFSET 0)
        SELECT "ordered"."namespace", "ordered"."key", "ordered"."revision", "live"."sizeBytes"
        FROM "ordered" CROSS JOIN LATERAL (
          SELECT "sizeBytes" FROM "Entry" WHERE "userId" = ${userId} AND "namespace" = "ordered"."namespace"
            AND "key" = "ordered"."key" AND "revision" = "ordered"."revision" AND ${isAlive(now)} LIMIT 1
        ) AS "live" ORDER BY "ordered"."revision" DESC LIMIT ${maxItems}`);
      return { rows, from };
    },
  };
}

export const postgresIndexDialect: IndexDialect = {
  table,
  lockProgress: sql`FOR UPDATE OF "SearchProgress" SKIP LOCKED`,
  // Its indexes are PostgreSQL's own concern.
  async removing() {},
  async adding() {},
};

/** With every character taken as it is. */
function patternOf(folded: string): Sql {
  return sql`${`%${folded.replace(/[\\%_]/g, "\\$&")}%`}`;
}
