import { unavailable, type BatonError } from "../errors.ts";
import { maxRevision } from "../store/model/log.ts";
import type { LogEnds, LogPage, LogQuery, LogStatistics, PageBounds } from "../store/contract.ts";
import type { Change } from "../store/model/change.ts";
import { unclaimed, type ClaimState, type StoredEntry } from "../store/model/claim.ts";
import type { Entry } from "../store/model/entry.ts";
import type { TextMatch } from "../store/model/text-match.ts";
import { examinedRevisions } from "./examined-rows.ts";
import { changeColumns, claimColumnNames, toChange, type ChangeRow } from "./tables.ts";
import {
  columns,
  empty,
  join,
  matchesChanges,
  sql,
  type Sql,
  type SqlReader,
  type StoreReader,
} from "./sql.ts";

/** The columns of the work on an entry that are not part of a lease. */
const keptClaimColumns = claimColumnNames.filter(
  (column) => !["claimToken", "claimAgent", "claimExpiresAt"].includes(column),
);

/** If the user has no log, the revisions are null. */
interface EndsRow {
  epoch: string;
  headRevision: bigint | null;
  compactedRevision: bigint | null;
}

interface CountedEndsRow extends EndsRow {
  candidateCount: bigint | number;
}

export function readLog(
  reader: StoreReader,
  query: LogQuery,
  bounds: PageBounds,
): Promise<LogPage> {
  return readPage<ChangeRow, Entry>(reader, query, bounds, toChange);
}

export function readStoredLog(
  reader: StoreReader,
  query: LogQuery,
  bounds: PageBounds,
): Promise<LogPage<StoredEntry>> {
  // An entry that was deleted and set again has another first revision.
  return readPage<StoredChangeRow, StoredEntry>(reader, query, bounds, toStoredChange, {
    columns: sql`, ${columns("Entry", keptClaimColumns)}`,
    join: sql` LEFT JOIN "Entry" ON "Entry"."userId" = ${query.userId} AND "Entry"."namespace" = "Change"."namespace"
      AND "Entry"."key" = "Change"."key" AND "Entry"."createdRevision" = "Change"."createdRevision"`,
  });
}

/** A row of the log with the work on the entry; null if that entry is deleted. */
type StoredChangeRow = ChangeRow & {
  readonly [Name in keyof ClaimState]?: ClaimState[Name] | null;
};

function toStoredChange(row: StoredChangeRow): Change<StoredEntry> {
  const shown: Record<string, unknown> = { ...row };
  const work: Record<string, unknown> = { ...unclaimed };
  for (const column of keptClaimColumns) {
    if (shown[column] !== null) work[column] = shown[column];
    delete shown[column];
  }
  const change = toChange(shown as ChangeRow);
  if (change.kind !== "SET") return change;
  return { ...change, entry: { ...change.entry, ...(work as unknown as ClaimState) } };
}

/**
 * Reads a page in one statement, which is one snapshot: the changes and the ends of the log belong together. If no
 * change matches, it returns only the ends.
 */
async function readPage<Row extends ChangeRow, E extends Entry>(
  { client, epoch: epochColumn }: StoreReader,
  query: LogQuery,
  bounds: PageBounds,
  toItem: (row: Row) => Change<E>,
  more = { columns: empty, join: empty },
): Promise<LogPage<E>> {
  const { userId, after, isNewestFirst = false } = query;
  const { candidates, last } = candidatesOf(query, bounds.maxItems);
  const order = isNewestFirst ? sql`"revision" DESC` : sql`"revision"`;
  // The database does not sort: it would copy the values, and the rows are nearly always in order.
  const rows = await client.all<CountedEndsRow & (Row | { revision: null })>(sql`
    WITH "candidates" AS (${candidates}), "page" AS (
      SELECT "revision", SUM("sizeBytes") OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - "sizeBytes" AS "bytesBefore" FROM "candidates"
    )
    SELECT ${epochColumn} AS "epoch", "headRevision", "compactedRevision", (SELECT COUNT(*) FROM "candidates") AS "candidateCount",
      ${columns("Change", changeColumns)}${more.columns}
    FROM "History" LEFT JOIN "User" ON "User"."userId" = ${userId}
      LEFT JOIN "page" ON "page"."bytesBefore" < ${bounds.maxBytes}
      LEFT JOIN "Change" ON "Change"."userId" = ${userId} AND "Change"."revision" = "page"."revision"${more.join}`);
  const ends = rows[0];
  if (!ends) throw noHistory();
  if (ends.headRevision === null) {
    return { changes: [], through: after, head: 0n, compacted: 0n, epoch: ends.epoch };
  }
  const changes: Change<E>[] = [];
  for (const row of rows) if (row.revision !== null) changes.push(toItem(row as unknown as Row));
  const sign = isNewestFirst ? -1 : 1;
  changes.sort((one, other) => sign * Number(one.revision - other.revision));
  const candidateCount = Number(ends.candidateCount);
  const full = candidateCount === bounds.maxItems || candidateCount > changes.length;
  const { epoch, headRevision: head } = ends;
  const compacted = ends.compactedRevision ?? 0n;
  return {
    epoch,
    changes,
    through: full ? (changes.at(-1)?.revision ?? after) : last > head ? head : last,
    head,
    compacted,
  };
}

/** The statement that finds the revisions of a page, and the last revision that it examines. */
function candidatesOf(
  { userId, selection, after, isNewestFirst = false }: LogQuery,
  maxItems: number,
): { candidates: Sql; last: bigint } {
  const found = sql`SELECT "revision", COALESCE("sizeBytes", 0) AS "sizeBytes" FROM "Change"`;
  const behind = isNewestFirst ? sql`"revision" < ${after}` : sql`"revision" > ${after}`;
  const order = sql`ORDER BY "revision" ${isNewestFirst ? sql`DESC` : empty} LIMIT ${maxItems}`;
  const [namespace, another] = selection.namespaces;
  const isOneKey = namespace?.kind === "exact" && !another && selection.keys.kind === "exact";
  if (isOneKey) {
    // The changes of one key, and the clears of its namespace, are each a range of an index.
    const range = (key: Sql) =>
      sql`SELECT * FROM (${found} WHERE "userId" = ${userId} AND "namespace" = ${namespace.text}
        AND "key" ${key} AND ${behind} ${order}) AS "range"`;
    const ranges = sql`${range(sql`= ${selection.keys.text}`)} UNION ALL ${range(sql`IS NULL`)}`;
    const last = isNewestFirst ? 0n : maxRevision;
    return { candidates: sql`SELECT * FROM (${ranges}) AS "both" ${order}`, last };
  }
  // Matches can be rare, so one statement examines a limited stretch of the log.
  const last = isNewestFirst
    ? stretchBefore(after, selection.namespaces)
    : stretchAfter(after, selection.namespaces);
  const within = isNewestFirst ? sql`"revision" >= ${last}` : sql`"revision" <= ${last}`;
  const candidates = sql`${found} WHERE "userId" = ${userId} AND ${behind} AND ${within}
    AND ${matchesChanges(selection)} ${order}`;
  return { candidates, last };
}

function stretchAfter(revision: bigint, namespaces: readonly TextMatch[]): bigint {
  const last = revision + examinedRevisions(namespaces);
  return last > maxRevision ? maxRevision : last;
}

function stretchBefore(revision: bigint, namespaces: readonly TextMatch[]): bigint {
  const last = revision - examinedRevisions(namespaces);
  return last < 0n ? 0n : last;
}

export async function readLogEnds(
  { client, epoch }: StoreReader,
  userId: string,
): Promise<LogEnds> {
  const [row] = await client.all<EndsRow>(
    sql`SELECT ${epoch} AS "epoch", "headRevision", "compactedRevision" FROM "History"
      LEFT JOIN "User" ON "User"."userId" = ${userId}`,
  );
  if (!row) throw noHistory();
  return {
    epoch: row.epoch,
    head: row.headRevision ?? 0n,
    compacted: row.compactedRevision ?? 0n,
  };
}

export async function readEpoch({ client, epoch }: StoreReader): Promise<string> {
  const [row] = await client.all<EndsRow>(sql`SELECT ${epoch} AS "epoch" FROM "History"`);
  if (!row) throw noHistory();
  return row.epoch;
}

/** For example, a restore is in progress. */
function noHistory(): BatonError {
  return unavailable("The database has no row in its table History.");
}

export async function readNow({ client, now }: Pick<StoreReader, "client" | "now">): Promise<Date> {
  const [row] = await client.all<{ now: Date | bigint | number }>(sql`SELECT ${now} AS "now"`);
  if (!row) throw new Error("The database returned no time.");
  return row.now instanceof Date ? row.now : new Date(Number(row.now));
}

export async function readTimes(
  reader: SqlReader,
  userId: string,
  revisions: readonly bigint[],
): Promise<ReadonlyMap<bigint, Date>> {
  if (revisions.length === 0) return new Map();
  const rows = await reader.all<{ revision: bigint; at: Date }>(
    sql`SELECT "revision", "at" FROM "Change" WHERE "userId" = ${userId} AND "revision" IN (${join([...revisions])})`,
  );
  return new Map(rows.map(({ revision, at }) => [BigInt(revision), at]));
}

export async function readHeads(
  reader: SqlReader,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  if (userIds.length === 0) return new Map();
  const rows = await reader.all<{ userId: string; headRevision: bigint }>(
    sql`SELECT "userId", "headRevision" FROM "User" WHERE "userId" IN (${join([...userIds])})`,
  );
  return new Map(rows.map((row) => [row.userId, row.headRevision]));
}

export async function readLastClear(
  reader: SqlReader,
  userId: string,
  namespace: string,
  after: bigint,
  through: bigint,
): Promise<bigint | null> {
  const rows = await reader.all<{ revision: bigint }>(sql`
    SELECT "revision" FROM "Change" WHERE "userId" = ${userId} AND "namespace" = ${namespace} AND "key" IS NULL
      AND "revision" > ${after} AND "revision" <= ${through}
    ORDER BY "revision" DESC LIMIT 1`);
  return rows[0]?.revision ?? null;
}

/** The oldest change of a log follows the compacted revision, so one row is read for each user. */
export async function readLogStatistics(reader: SqlReader): Promise<LogStatistics> {
  const [row] = await reader.all<StatisticsRow>(sql`
    SELECT COUNT(*) AS "users", COALESCE(SUM("headRevision" - "compactedRevision"), 0) AS "changes",
      COALESCE(SUM("compactedRevision"), 0) AS "compacted",
      (SELECT "at" FROM "User" AS "Owner" JOIN "Change" ON "Change"."userId" = "Owner"."userId"
        AND "Change"."revision" = "Owner"."compactedRevision" + 1 ORDER BY "at" LIMIT 1) AS "oldestAt"
    FROM "User"`);
  const oldestAt = row?.oldestAt ?? null;
  return {
    users: Number(row?.users ?? 0),
    changes: Number(row?.changes ?? 0),
    compacted: Number(row?.compacted ?? 0),
    oldestAt: oldestAt === null ? null : new Date(oldestAt),
  };
}

interface StatisticsRow {
  readonly users: bigint | number;
  readonly changes: bigint | number | string;
  readonly compacted: bigint | number | string;
  readonly oldestAt: Date | number | null;
}
