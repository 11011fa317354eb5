import type { Retention } from "../store/contract.ts";
import type { LogOfUser, LogSizes } from "./log-sizes.ts";
import { readNow } from "./read-log.ts";
import { name, sql, type InTransaction, type Sql, type SqlClient, type SqlReader } from "./sql.ts";

/** Number of revisions that one step removes. */
const stepRevisions = 1_000n;

/** A database whose old rows are removed according to its own clock. */
export interface AgingRows {
  readonly reader: SqlReader;
  readonly now: Sql;
  readonly inTransaction: InTransaction;
  readonly sizes: LogSizes;
}

/** Removes the changes that the retention does not keep, in steps, until `isStopping`. Returns the number of removed changes. */
export async function compact(
  { reader, now, inTransaction, sizes }: AgingRows,
  retention: Retention,
  isStopping: () => boolean,
): Promise<number> {
  const { maxChanges, maxBytes } = retention;
  const keptSince = await readInstant(reader, now, retention.maxAgeMs);
  let removed = 0;
  const removeSteps = async (step: (transaction: SqlClient) => Promise<number>) => {
    while (!isStopping()) {
      const count = await inTransaction(step);
      if (count === 0) return;
      removed += count;
    }
  };
  const overdue = await reader.all<{ userId: string }>(
    sql`SELECT "userId" FROM "User" WHERE "headRevision" - "compactedRevision" > ${maxChanges}`,
  );
  for (const { userId } of overdue) {
    await removeSteps((transaction) => compactStep(transaction, userId, keptSince, maxChanges));
  }
  if (maxBytes === undefined) return removed;
  const logs = await reader.all<LogOfUser>(
    sql`SELECT "userId", "headRevision", "compactedRevision" FROM "User" WHERE "headRevision" > "compactedRevision"`,
  );
  for (const log of logs) {
    if (isStopping()) break;
    const through = await sizes.excess(reader, log, maxBytes);
    if (through === log.compactedRevision) continue;
    await removeSteps((transaction) => removeStep(transaction, log.userId, through));
  }
  return removed;
}

/** Runs one step by age and count. Returns the number of removed changes. */
async function compactStep(
  transaction: SqlClient,
  userId: string,
  keptSince: Date,
  maxChanges: number,
): Promise<number> {
  const ends = await readEnds(transaction, userId);
  if (!ends) return 0;
  const { compactedRevision: begin } = ends;
  const kept = ends.headRevision - BigInt(maxChanges);
  const end = begin + stepRevisions < kept ? begin + stepRevisions : kept;
  const [young] = await transaction.all<{ revision: bigint | null }>(sql`
    SELECT MIN("revision") AS "revision" FROM "Change" WHERE "userId" = ${userId}
      AND "revision" > ${begin} AND "revision" <= ${end} AND "at" >= ${keptSince}`);
  const through = young?.revision == null ? end : BigInt(young.revision) - 1n;
  return removeThrough(transaction, userId, begin, through);
}

/** Runs one step towards a revision. Returns the number of removed changes. */
async function removeStep(transaction: SqlClient, userId: string, last: bigint): Promise<number> {
  const ends = await readEnds(transaction, userId);
  if (!ends) return 0;
  const end = ends.compactedRevision + stepRevisions;
  return removeThrough(transaction, userId, ends.compactedRevision, end < last ? end : last);
}

async function readEnds(
  transaction: SqlClient,
  userId: string,
): Promise<Omit<LogOfUser, "userId"> | undefined> {
  const [ends] = await transaction.all<Omit<LogOfUser, "userId">>(
    sql`SELECT "headRevision", "compactedRevision" FROM "User" WHERE "userId" = ${userId}`,
  );
  return ends;
}

/**
 * Removes the changes up to a revision:
 *
 * 1. Move the beginning of the log, never backwards. A reader that no longer finds changes then also finds why.
 * 2. Delete the changes before the new beginning.
 *
 * Several instances can do this at the same time.
 */
async function removeThrough(
  transaction: SqlClient,
  userId: string,
  begin: bigint,
  through: bigint,
): Promise<number> {
  if (through <= begin) return 0;
  await transaction.run(
    sql`UPDATE "User" SET "compactedRevision" = ${through} WHERE "userId" = ${userId} AND "compactedRevision" < ${through}`,
  );
  return transaction.run(
    sql`DELETE FROM "Change" WHERE "userId" = ${userId} AND "revision" <= ${through}`,
  );
}

const recordsPerStep = 1_000;
/** Fewer than records, because a token is in many indexes. */
const tokensPerStep = 100;

/** Removes old idempotency records. */
export async function forgetRecords(aging: AgingRows, maxAgeMs: number): Promise<void> {
  const before = await readInstant(aging.reader, aging.now, maxAgeMs);
  await removeRows(
    aging,
    recordsPerStep,
    sql`DELETE FROM "Answer" WHERE ("userId", "idempotencyKey") IN (
      SELECT "userId", "idempotencyKey" FROM "Answer" WHERE "at" < ${before} LIMIT ${recordsPerStep})`,
  );
}

/** Removes the tokens that were revoked or have expired before this time. */
export async function forgetTokens(aging: AgingRows, maxAgeMs: number): Promise<void> {
  const before = await readInstant(aging.reader, aging.now, maxAgeMs);
  for (const column of ["revokedAt", "expiresAt"]) {
    await removeRows(
      aging,
      tokensPerStep,
      sql`DELETE FROM "Token" WHERE "tokenId" IN (
        SELECT "tokenId" FROM "Token" WHERE ${name(column)} < ${before} LIMIT ${tokensPerStep})`,
    );
  }
}

/** Runs a statement until it removes fewer than `rowsPerStep` rows. Other writes can run between the steps. */
async function removeRows(
  { inTransaction }: AgingRows,
  rowsPerStep: number,
  removal: Sql,
): Promise<void> {
  while ((await inTransaction((transaction) => transaction.run(removal))) === rowsPerStep);
}

/** The instant `agoMs` before now, by the database's clock. */
async function readInstant(reader: SqlReader, now: Sql, agoMs: number): Promise<Date> {
  return new Date((await readNow({ client: reader, now })).getTime() - agoMs);
}
