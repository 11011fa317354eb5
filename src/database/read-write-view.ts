import type { FreeQuery } from "../store/contract.ts";
import type { StoredHead } from "../store/model/claim.ts";
import type { TextMatch } from "../store/model/text-match.ts";
import { columns, isAlive, matchesAny, matchesText, sql, type Sql, type SqlReader } from "./sql.ts";
import { headColumns } from "./tables.ts";

const head = columns("Entry", headColumns);

/**
 * The first free entries in the order of their keys. The order names the index: without statistics PostgreSQL would
 * walk past all entries that are completed.
 */
export async function readFree(
  client: SqlReader,
  { userId, namespace, keys, now }: FreeQuery,
  maxItems: number,
): Promise<StoredHead[]> {
  return client.all<StoredHead>(sql`
    SELECT ${head} FROM "Entry"
    WHERE "userId" = ${userId} AND "namespace" = ${namespace} AND "isCompleted" = false
      AND ${matchesText(sql`"key"`, keys)} AND ("claimExpiresAt" IS NULL OR "claimExpiresAt" <= ${now})
      AND ${isAlive(sql`${now}`)}
    ORDER BY "isCompleted", "key" LIMIT ${maxItems}`);
}

/** How many entries each namespace holds that have not expired. */
export async function countNamespaces(
  client: SqlReader,
  userId: string,
  namespaces: readonly TextMatch[],
  now: Sql,
): Promise<Map<string, number>> {
  const rows = await client.all<{ namespace: string; count: bigint | number }>(sql`
    SELECT "namespace", COUNT(*) AS "count" FROM "Entry"
    WHERE "userId" = ${userId} AND ${matchesAny(sql`"namespace"`, namespaces)} AND ${isAlive(now)}
    GROUP BY "namespace"`);
  return new Map(rows.map((row) => [row.namespace, Number(row.count)]));
}
