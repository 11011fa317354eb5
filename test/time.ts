import type { OwnDatabase } from "./own-database.ts";

// Simulates that time has passed: moves stored times into the past, by the database's clock.

/** The time some seconds ago, as SQL. */
export function ago(own: OwnDatabase, seconds: number): string {
  return own.url.startsWith("file:")
    ? `CAST((unixepoch('subsec') - ${seconds}) * 1000 AS INTEGER)`
    : `date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC') - interval '${seconds} seconds'`;
}

/** Lets entries expire now. */
export function expire(own: OwnDatabase, ...keys: readonly string[]): Promise<void> {
  const named = keys.map((key) => `'${key}'`).join();
  return own.execute(`UPDATE "Entry" SET "expiresAt" = ${ago(own, 0)} WHERE "key" IN (${named})`);
}

/** Lets the lease of an entry end now. */
export function endLease(own: OwnDatabase, key: string): Promise<void> {
  return own.execute(`UPDATE "Entry" SET "claimExpiresAt" = ${ago(own, 0)} WHERE "key" = '${key}'`);
}

/** Moves the record of an idempotency key into the past by a number of seconds. */
export function ageAnswer(own: OwnDatabase, key: string, seconds: number): Promise<void> {
  return own.execute(
    `UPDATE "Answer" SET "at" = ${ago(own, seconds)} WHERE "idempotencyKey" = '${key}'`,
  );
}

/** Moves a change of a user's log into the past by a number of seconds. */
export function ageChange(
  own: OwnDatabase,
  userId: string,
  revision: number,
  seconds: number,
): Promise<void> {
  return own.execute(
    `UPDATE "Change" SET "at" = ${ago(own, seconds)} WHERE "userId" = '${userId}' AND "revision" = ${revision}`,
  );
}
