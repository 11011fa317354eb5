import type { NamespaceClaimQuery, NamespaceClaimStretch } from "../store/contract.ts";
import {
  claimCountColumns,
  maxScannedEntries,
  toClaimCounts,
  type ClaimCountsRow,
} from "./claim-count-columns.ts";
import { rangeAfter } from "./entry-range.ts";
import { isAlive, sql, type StoreReader } from "./sql.ts";

type NamespaceRow = ClaimCountsRow & {
  readonly namespace: string;
  /** The last key of the namespace in this part. */
  readonly lastKey: string;
};

/**
 * Counts one part of the entries, by namespace. The counted columns are stored before the large ones, and one statement
 * reads a limited number of entries (G14).
 */
export async function readNamespaceClaims(
  { client, now }: StoreReader,
  query: NamespaceClaimQuery,
): Promise<NamespaceClaimStretch> {
  const { condition, next } = await rangeAfter(client, query);
  const rows = await client.all<NamespaceRow>(sql`
    WITH "scanned" AS MATERIALIZED (
      SELECT "namespace", "key", "claimToken", "claimExpiresAt", "isCompleted", "isDeadLettered" FROM "Entry"
      WHERE "userId" = ${query.userId} AND ${condition} AND ${isAlive(now)}
      ORDER BY "namespace", "key" LIMIT ${maxScannedEntries}
    )
    SELECT "namespace", MAX("key") AS "lastKey", ${claimCountColumns(now)}
    FROM "scanned" GROUP BY "namespace" ORDER BY "namespace"`);
  const scannedCount = rows.reduce((sum, row) => sum + Number(row.scannedCount), 0);
  const last = rows.at(-1);
  return {
    namespaces: rows.map((row) => ({ namespace: row.namespace, counts: toClaimCounts(row) })),
    next:
      last && scannedCount === maxScannedEntries
        ? { namespace: last.namespace, key: last.lastKey }
        : next,
  };
}
