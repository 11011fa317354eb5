import type { Retention } from "../store/contract.ts";
import { sql, type Sql, type SqlClient, type SqlReader } from "./sql.ts";

/** How many revisions one step removes. */
const stepRevisions = 1_000n;

/** One short write transaction: its work runs alone, or not at all. */
export type InTransaction = <T>(work: (transaction: SqlClient) => Promise<T>) => Promise<T>;

/** A database whose rows are removed by its own clock. */
export interface AgingRows {
  readonly reader: SqlReader;
  readonly now: Sql;
  readonly inTransaction: InTransaction;
}

/** Removes what retention does not keep, step by step until `isStopping`. Returns how many changes went. */
export async function compact(
  { reader, now, inTransaction }: AgingRows,
  retention: Retention,
  isStopping: () => boolean,
): Promise<number> {
  const keptSince = await readInstant(reader, now, retention.maxAgeMs);
  const overdue = await reader.all<{ userId: string }>(
    sql`SELECT "userId" FROM "User" WHERE "headRevision" - "compactedRevision" > ${retention.maxChanges}`,
  );
  let removed = 0;
  for (const { userId } of overdue) {
    while (!isStopping()) {
      const step = await inTransaction((transaction) =>
        compactStep(transaction, userId, keptSince, retention.maxChanges),
      );
      if (step === 0) break;
      removed += step;
    }
  }
  return removed;
}

/**
 * Moves the log's beginning first: a reader that sees changes gone also sees that they are. Several instances may do
 * this at once; none moves the beginning back.
 */
async function compactStep(
  transaction: SqlClient,
  userId: string,
  keptSince: Date,
  maxChanges: number,
): Promise<number> {
  const [ends] = await transaction.all<{ headRevision: bigint; compactedRevision: bigint }>(
    sql`SELECT "headRevision", "compactedRevision" FROM "User" WHERE "userId" = ${userId}`,
  );
  if (!ends) return 0;
  const { compactedRevision: begin } = ends;
  const kept = ends.headRevision - BigInt(maxChanges);
  const end = begin + stepRevisions < kept ? begin + stepRevisions : kept;
  const [young] = await transaction.all<{ revision: bigint | null }>(sql`
    SELECT MIN("revision") AS "revision" FROM "Change" WHERE "userId" = ${userId}
      AND "revision" > ${begin} AND "revision" <= ${end} AND "at" >= ${keptSince}`);
  const through = young?.revision == null ? end : BigInt(young.revision) - 1n;
  if (through <= begin) return 0;
  await transaction.run(
    sql`UPDATE "User" SET "compactedRevision" = ${through} WHERE "userId" = ${userId} AND "compactedRevision" < ${through}`,
  );
  return transaction.run(
    sql`DELETE FROM "Change" WHERE "userId" = ${userId} AND "revision" <= ${through}`,
  );
}

const recordsPerStep = 1_000;

/** Removes the idempotency records that are older, in steps short enough to let writes in between. */
export async function forgetRecords(
  { reader, now, inTransaction }: AgingRows,
  maxAgeMs: number,
): Promise<void> {
  const before = await readInstant(reader, now, maxAgeMs);
  let removed: number;
  do {
    removed = await inTransaction((transaction) =>
      transaction.run(sql`
      DELETE FROM "Answer" WHERE ("userId", "idempotencyKey") IN (
        SELECT "userId", "idempotencyKey" FROM "Answer" WHERE "at" < ${before} LIMIT ${recordsPerStep})`),
    );
  } while (removed === recordsPerStep);
}

/** The instant that was so long ago, by the database's clock. */
async function readInstant(reader: SqlReader, now: Sql, agoMs: number): Promise<Date> {
  const [row] = await reader.all<{ now: Date | bigint | number }>(sql`SELECT ${now} AS "now"`);
  if (!row) throw new Error("A database has a clock.");
  const nowMs = row.now instanceof Date ? row.now.getTime() : Number(row.now);
  return new Date(nowMs - agoMs);
}
