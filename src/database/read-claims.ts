import type { ClaimStretch, ClaimQuery } from "../store/contract.ts";
import type { HeldClaim } from "../store/model/claim-counts.ts";
import type { Place } from "../store/model/place.ts";
import { placesByNamespace } from "../store/model/place.ts";
import {
  claimCountColumns,
  isLater,
  isOpen,
  isTaken,
  maxScannedEntries,
  toClaimCounts,
  type ClaimCountsRow,
} from "./claim-count-columns.ts";
import { rangeAfter } from "./entry-range.ts";
import { isAlive, join, sql, type Sql, type StoreReader } from "./sql.ts";

/** Maximum number of keys in one statement. */
const maxKeys = 500;

interface HeldRow {
  readonly namespace: string;
  readonly key: string;
  readonly claimAgent: string | null;
  readonly claimExpiresAt: Date;
  readonly claimAttempt: number;
  readonly claimMaxAttempts: number | null;
}

/** The type of an instant in the database's column. */
type Instant = Date | bigint | number;

type StretchRow = ClaimCountsRow & {
  readonly nextAt: Instant | null;
  readonly now: Instant;
  readonly lastNamespace: string | null;
  readonly lastKey: string | null;
} & (HeldRow | { readonly key: null });

const heldColumns = sql`"namespace", "key", "claimAgent", "claimExpiresAt", "claimAttempt", "claimMaxAttempts"`;

/** Reads the claims that hold entries at these places, without duplicate places. */
export async function readHeldClaims(
  { client, now }: StoreReader,
  userId: string,
  places: readonly Place[],
): Promise<HeldClaim[]> {
  const held: HeldClaim[] = [];
  for (const [namespace, keys] of placesByNamespace(places)) {
    for (let start = 0; start < keys.length; start += maxKeys) {
      const rows = await client.all<HeldRow>(sql`
        SELECT ${heldColumns} FROM "Entry" WHERE "userId" = ${userId} AND "namespace" = ${namespace}
          AND "key" IN (${join(keys.slice(start, start + maxKeys))}) AND ${isTaken(now)} AND ${isAlive(now)}`);
      for (const row of rows) held.push(toHeld(row));
    }
  }
  return held;
}

/**
 * Counts a stretch of entries in the order of their keys, and lists the first of its claims. The counted columns are
 * stored before the large ones, and one statement reads a limited number of entries (G14).
 */
export async function readClaims(
  { client, now }: StoreReader,
  query: ClaimQuery,
  maxHeld: number,
): Promise<ClaimStretch> {
  const last = (column: Sql) =>
    sql`(SELECT ${column} FROM "scanned" ORDER BY "namespace" DESC, "key" DESC LIMIT 1)`;
  const { condition, next } = await rangeAfter(client, query);
  const rows = await client.all<StretchRow>(sql`
    WITH "scanned" AS MATERIALIZED (
      SELECT ${heldColumns}, "claimToken", "isCompleted", "isDeadLettered" FROM "Entry"
      WHERE "userId" = ${query.userId} AND ${condition} AND ${isAlive(now)}
      ORDER BY "namespace", "key" LIMIT ${maxScannedEntries}
    )
    SELECT "counts".*, "held".* FROM (
      SELECT ${claimCountColumns(now)},
        MIN(CASE WHEN ${isOpen} AND ${isLater(now)} THEN "claimExpiresAt" END) AS "nextAt", ${now} AS "now",
        ${last(sql`"namespace"`)} AS "lastNamespace", ${last(sql`"key"`)} AS "lastKey"
      FROM "scanned"
    ) AS "counts" LEFT JOIN (
      SELECT ${heldColumns} FROM "scanned" WHERE ${isTaken(now)} ORDER BY "namespace", "key" LIMIT ${maxHeld}
    ) AS "held" ON 1 = 1
    ORDER BY "held"."namespace", "held"."key"`);
  const [first] = rows;
  if (!first) throw new Error("Counting returned no row.");
  const scannedCount = Number(first.scannedCount);
  const held: HeldClaim[] = [];
  for (const row of rows) if (row.key !== null) held.push(toHeld(row));
  const { nextAt, now: readAt, lastNamespace, lastKey } = first;
  return {
    counts: toClaimCounts(first),
    held,
    nextInMs: nextAt === null ? null : Number(nextAt) - Number(readAt),
    next:
      scannedCount < maxScannedEntries || lastNamespace === null || lastKey === null
        ? next
        : { namespace: lastNamespace, key: lastKey },
  };
}

function toHeld(row: HeldRow): HeldClaim {
  const { namespace, key, claimAgent, claimExpiresAt, claimAttempt, claimMaxAttempts } = row;
  return {
    namespace,
    key,
    agent: claimAgent,
    expiresAt: claimExpiresAt,
    attempt: claimAttempt,
    maxAttempts: claimMaxAttempts,
  };
}
