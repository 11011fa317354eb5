import type { OwnDatabase } from "./own-database.ts";

// Time that has passed, without waiting for it: what is stored is moved into the past, by the database's own clock.

function ago(own: OwnDatabase, seconds: number): string {
  return own.url.startsWith("file:")
    ? `CAST((unixepoch('subsec') - ${seconds}) * 1000 AS INTEGER)`
    : `date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC') - interval '${seconds} seconds'`;
}

/** Ends the lives of entries at this instant. */
export function expire(own: OwnDatabase, ...keys: readonly string[]): Promise<void> {
  const named = keys.map((key) => `'${key}'`).join();
  return own.execute(`UPDATE "Entry" SET "expiresAt" = ${ago(own, 0)} WHERE "key" IN (${named})`);
}

/** Ends the leases of an entry at this instant. */
export function endLease(own: OwnDatabase, key: string): Promise<void> {
  return own.execute(`UPDATE "Entry" SET "claimExpiresAt" = ${ago(own, 0)} WHERE "key" = '${key}'`);
}

/** Lets the answers to calls with this idempotency key have been given so long ago. */
export function ageAnswer(own: OwnDatabase, key: string, seconds: number): Promise<void> {
  return own.execute(
    `UPDATE "Answer" SET "at" = ${ago(own, seconds)} WHERE "idempotencyKey" = '${key}'`,
  );
}

/** Lets a change of a user's log have been made so long ago. */
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
