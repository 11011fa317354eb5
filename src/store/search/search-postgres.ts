import { isAlive, matchesAny, sql, type Sql } from "../../database/sql.ts";
import {
  isBefore,
  selectBegin,
  type Hit,
  type SearchDialect,
  type SearchQuery,
} from "./search-reader.ts";

interface SearchLimits {
  /** How many of the newest entries are read in order, which quickly finds a common text. */
  readonly firstEntries: number;
  /** If the index takes too long, all other entries are read in order, in windows of this many. */
  readonly windowEntries: number;
  /** The largest window: the bytes of its texts, times those of the searched text. */
  readonly maxWork: number;
  /** How long the search in the index can take. */
  readonly maxIndexMs: number;
}

const searchLimits: SearchLimits = {
  firstEntries: 500,
  windowEntries: 5_000,
  // In a text like aaa…, comparing takes up to 1.3 ns for each, so a window takes at most about 0.1 s.
  maxWork: 80_000_000,
  // With common data it takes some tens of milliseconds.
  maxIndexMs: 500,
};

/** The GIN index of "SearchText" has its trigrams, but no order. */
export const postgresSearch = createPostgresSearch(searchLimits);

export function createPostgresSearch(limits: SearchLimits): SearchDialect {
  const { firstEntries, windowEntries, maxWork, maxIndexMs } = limits;
  return {
    async *readWindows({ client, now }, query, maxItems) {
      const maxBytes = Math.ceil(maxWork / Buffer.byteLength(query.folded));
      let { before } = query;
      for (let entries = firstEntries; ; entries = windowEntries) {
        const bounds = { maxItems: entries, maxBytes };
        const [begin] = await client.all<Hit>(selectBegin({ ...query, before }, bounds));
        const from: bigint = begin?.revision ?? 0n;
        yield await client.all<Hit>(selectInOrder({ ...query, before }, from, maxItems, now));
        if (begin === undefined) return;
        before = from;
        if (entries !== firstEntries) continue;
        const rest = selectByIndex({ ...query, before }, maxItems, now);
        const found = await client.allWithin?.<Hit>(rest, maxIndexMs);
        if (!found) continue;
        yield found;
        return;
      }
    },

    // The planner does not know how few places there are. LIMIT keeps it from reading all entries of the user.
    selectEntries: (columns, places, isWanted) => sql`
    SELECT "found".* FROM ${places} CROSS JOIN LATERAL (
      SELECT ${columns} FROM "Entry" WHERE ${isWanted} LIMIT 1) AS "found"`,

    // PostgreSQL maintains the index itself.
    afterReplacement: () => [],
  };
}

/** strpos lets PostgreSQL read in the order of the revisions. */
function selectInOrder(query: SearchQuery, from: bigint, maxItems: number, now: Sql): Sql {
  const contains = sql`strpos("text", ${query.folded}) > 0 AND "revision" >= ${from}`;
  return selectHits(query, sql`AS`, contains, maxItems, now);
}

/** LIKE finds the same entries, and uses the index. */
function selectByIndex(query: SearchQuery, maxItems: number, now: Sql): Sql {
  const contains = sql`"text" LIKE ${`%${query.folded.replace(/[\\%_]/g, "\\$&")}%`}`;
  return selectHits(query, sql`AS MATERIALIZED`, contains, maxItems, now);
}

function selectHits(
  { userId, before, namespaces }: SearchQuery,
  as: Sql,
  contains: Sql,
  maxItems: number,
  now: Sql,
): Sql {
  return sql`
    WITH "matching" ${as} (
      SELECT "namespace", "key", "revision" FROM "SearchText"
      WHERE "userId" = ${userId} AND ${contains} AND ${matchesAny(sql`"namespace"`, namespaces)}${isBefore(before)}
    ), "ordered" AS (SELECT * FROM "matching" ORDER BY "revision" DESC OFFSET 0)
    SELECT "ordered"."namespace", "ordered"."key", "ordered"."revision", "live"."sizeBytes"
    FROM "ordered" CROSS JOIN LATERAL (
      SELECT "sizeBytes" FROM "Entry" WHERE "userId" = ${userId} AND "namespace" = "ordered"."namespace"
        AND "key" = "ordered"."key" AND "revision" = "ordered"."revision" AND ${isAlive(now)} LIMIT 1
    ) AS "live" ORDER BY "ordered"."revision" DESC LIMIT ${maxItems}`;
}
