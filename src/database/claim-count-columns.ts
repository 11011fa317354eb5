import type { ClaimCounts } from "../store/model/claim-counts.ts";
import { sql, type Sql } from "./sql.ts";

/** Maximum number of entries that a statement reads to count claims. */
export const maxScannedEntries = 2_000;

type Count = bigint | number | string | null;

/** The row that `claimCountColumns` selects. */
export type ClaimCountsRow = { readonly [Name in Exclude<keyof ClaimCounts, "free">]: Count } & {
  readonly scannedCount: Count;
};

/** Whether an entry is neither completed nor dead-lettered. */
export const isOpen = sql`"isCompleted" = false AND "isDeadLettered" = false`;

/** Whether a lease or a delay of an entry has not ended. */
export function isLater(now: Sql): Sql {
  return sql`"claimExpiresAt" IS NOT NULL AND "claimExpiresAt" > ${now}`;
}

/** Whether a claim holds an entry. A delay has no token. */
export function isTaken(now: Sql): Sql {
  return sql`${isOpen} AND "claimToken" IS NOT NULL AND "claimExpiresAt" > ${now}`;
}

/** The columns that count entries by the state of their work, for `toClaimCounts`. */
export function claimCountColumns(now: Sql): Sql {
  const count = (condition: Sql) => sql`COALESCE(SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END), 0)`;
  return sql`COUNT(*) AS "scannedCount", ${count(sql`"isCompleted" = true`)} AS "completed",
    ${count(sql`"isCompleted" = false AND "isDeadLettered" = true`)} AS "deadLettered",
    ${count(isTaken(now))} AS "taken",
    ${count(sql`${isOpen} AND "claimToken" IS NULL AND ${isLater(now)}`)} AS "delayed"`;
}

/** Converts a row to counts. An entry that none of the columns counts is free. */
export function toClaimCounts(row: ClaimCountsRow): ClaimCounts {
  const [taken, delayed] = [Number(row.taken), Number(row.delayed)];
  const [completed, deadLettered] = [Number(row.completed), Number(row.deadLettered)];
  return {
    free: Number(row.scannedCount) - taken - delayed - completed - deadLettered,
    taken,
    delayed,
    completed,
    deadLettered,
  };
}
