import type { FreeEntries, FreeQuery, KeyRange } from "../store/contract.ts";
import type { StoredHead } from "../store/model/claim.ts";
import { matchesTextAfter } from "./entries-after.ts";
import { columns, empty, isAlive, sql, type Sql, type SqlReader } from "./sql.ts";
import { headColumns } from "./tables.ts";

const head = columns("Entry", headColumns);
/** What decides whether an entry is free. */
const openColumns = columns("Entry", [
  "key",
  "expiresAt",
  "claimExpiresAt",
  "claimAttempt",
  "claimMaxAttempts",
]);

/**
 * Reads the first free entries in the order of their keys, sorted by all columns of the index. Without statistics,
 * PostgreSQL would otherwise scan the completed entries. Both databases end the inner query as soon as the outer
 * one has enough rows, and keep its order.
 * @param isJoined SQLite copies all columns of each examined row, so it joins the others to the free ones. PostgreSQL
 *   copies none, and could plan a join as a scan of the table.
 */
export async function readFree(
  client: SqlReader,
  { userId, namespace, keys, now, maxAttempts, after }: FreeQuery,
  maxItems: number,
  maxExamined: number,
  isJoined: boolean,
): Promise<FreeEntries> {
  const isOpen = sql`"userId" = ${userId} AND "namespace" = ${namespace} AND "isCompleted" = false
    AND "isDeadLettered" = false AND ${matchesTextAfter(sql`"key"`, keys, after)}`;
  const inOrder = sql`ORDER BY "isCompleted", "isDeadLettered", "key"`;
  const free = sql`
    SELECT * FROM (
      SELECT ${isJoined ? openColumns : head} FROM "Entry" WHERE ${isOpen} ${inOrder} LIMIT ${maxExamined}
    ) AS "open"
    WHERE ("claimExpiresAt" IS NULL OR "claimExpiresAt" <= ${now}) AND ${isAlive(sql`${now}`)}${hasAttemptsLeft(maxAttempts)}
    LIMIT ${maxItems}`;
  const joined = sql`
    SELECT ${head} FROM (${free}) AS "free" CROSS JOIN "Entry" ON "Entry"."userId" = ${userId}
      AND "Entry"."namespace" = ${namespace} AND "Entry"."key" = "free"."key"`;
  const entries = await client.all<StoredHead>(isJoined ? joined : free);
  if (entries.length === maxItems) return { entries, stoppedAt: null };
  const [last] = await client.all<{ key: string }>(
    sql`SELECT "key" FROM "Entry" WHERE ${isOpen} ${inOrder} LIMIT 1 OFFSET ${maxExamined - 1}`,
    1,
  );
  return { entries, stoppedAt: last?.key ?? null };
}

function hasAttemptsLeft(maxAttempts: FreeQuery["maxAttempts"]): Sql {
  if (maxAttempts === undefined) return empty;
  const own = sql` AND ("claimMaxAttempts" IS NULL OR "claimAttempt" < "claimMaxAttempts")`;
  return maxAttempts === null ? own : sql`${own} AND "claimAttempt" < ${maxAttempts}`;
}

/** Reads the stored entries whose keys are in a range, including expired ones. */
export async function readRange(
  client: SqlReader,
  { userId, namespace, from, before }: KeyRange,
): Promise<StoredHead[]> {
  return client.all<StoredHead>(sql`
    SELECT ${head} FROM "Entry" WHERE "userId" = ${userId} AND "namespace" = ${namespace}
      AND "key" >= ${from} AND "key" < ${before}`);
}
