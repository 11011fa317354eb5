import type { Effects } from "../store/commit/workspace.ts";
import { isImporting } from "../store/model/log.ts";
import type { LockedLogs, WriteTransaction } from "../store/contract.ts";
import { toStoredEntry, type StoredEntryRow } from "./rows.ts";
import {
  columns,
  isAlive,
  join,
  matchesAny,
  matchesText,
  name,
  sql,
  type Sql,
  type SqlClient,
} from "./sql.ts";
import { importStatements } from "./write-import.ts";
import {
  answerCells,
  answerColumns,
  changeCells,
  changeColumns,
  claimCells,
  claimColumns,
  entryCells,
  entryColumns,
  keyColumns,
  wantedColumns,
  type Cell,
  type Table,
} from "./write-rows.ts";

/** What a write transaction does differently on each database. */
export interface WriteDialect {
  readonly lock: WriteTransaction["lock"];
  /**
   * The table as something to select from. However many rows it has, they travel as one JSON parameter: that is some
   * thirty times faster than a statement a row.
   */
  table(table: Table): Sql;
}

/** What a lock reads of each user. */
export interface LockedRow {
  userId: string;
  headRevision: bigint;
  compactedRevision: bigint;
}

export function lockedLogs(rows: readonly LockedRow[], now: Date): LockedLogs {
  const importing = rows.filter((row) =>
    isImporting({ head: row.headRevision, compacted: row.compactedRevision }),
  );
  return {
    now,
    heads: new Map(rows.map((row) => [row.userId, row.headRevision])),
    importing: new Set(importing.map((row) => row.userId)),
  };
}

/** What of an entry is loaded to decide about it. */
const stored = columns(
  "Entry",
  Object.keys(entryColumns).filter((column) => column !== "value"),
);

/** The statements of one write transaction, a handful however many commands it holds. */
export function writeTransaction(client: SqlClient, dialect: WriteDialect): WriteTransaction {
  const change = async (table: Table, statement: (rows: Sql) => Sql) => {
    if (table.rows.length > 0) await client.$executeRaw(statement(dialect.table(table)));
  };
  return {
    lock: dialect.lock,
    ...importStatements(client),

    async loadEntries(places) {
      const wanted = dialect.table({
        name: "wanted",
        columns: wantedColumns,
        rows: places.map((place) => [place.userId, place.namespace, place.key, place.withValue]),
      });
      const rows = await client.$queryRaw<StoredEntryRow[]>(sql`
        SELECT ${stored}, CASE WHEN "withValue" THEN "value" ELSE '' END AS "value"
        FROM ${wanted} JOIN "Entry" ON "Entry"."userId" = "wanted"."userId"
          AND "Entry"."namespace" = "wanted"."namespace" AND "Entry"."key" = "wanted"."key"`);
      return rows.map((row) => ({ userId: row.userId, entry: toStoredEntry(row) }));
    },

    // The order names the index: without statistics PostgreSQL would walk past all that are completed.
    async loadFree({ userId, namespace, keys, now }, maxItems) {
      const rows = await client.$queryRaw<StoredEntryRow[]>(sql`
        SELECT ${stored}, '' AS "value" FROM "Entry"
        WHERE "userId" = ${userId} AND "namespace" = ${namespace} AND "isCompleted" = false
          AND ${matchesText(sql`"key"`, keys)} AND ("claimExpiresAt" IS NULL OR "claimExpiresAt" <= ${now})
          AND ${isAlive(sql`${now}`)}
        ORDER BY "isCompleted", "key" LIMIT ${maxItems}`);
      return rows.map(toStoredEntry);
    },

    async countEntries(userId, namespaces, now) {
      const rows = await client.$queryRaw<{ namespace: string; count: bigint | number }[]>(sql`
        SELECT "namespace", COUNT(*) AS "count" FROM "Entry"
        WHERE "userId" = ${userId} AND ${matchesAny(sql`"namespace"`, namespaces)} AND ${isAlive(sql`${now}`)}
        GROUP BY "namespace"`);
      return new Map(rows.map((row) => [row.namespace, Number(row.count)]));
    },

    async loadAnswers(asked, after, maxBytes) {
      const userIds = [...new Set(asked.map(({ userId }) => userId))];
      const keys = dialect.table({
        name: "asked",
        columns: { userId: "text", idempotencyKey: "text" },
        rows: asked.map(({ userId, idempotencyKey }) => [userId, idempotencyKey]),
      });
      return client.$queryRaw(sql`
        WITH "found" AS (
          SELECT "Answer"."userId", "Answer"."idempotencyKey", "digest", "at", LENGTH("results") AS "size"
          FROM ${keys} JOIN "Answer" ON "Answer"."userId" = "asked"."userId"
            AND "Answer"."idempotencyKey" = "asked"."idempotencyKey"
          WHERE "at" > ${after} AND "Answer"."userId" IN (${join(userIds)})
        ), "sized" AS (
          SELECT "found".*, SUM("size") OVER (ORDER BY "userId", "idempotencyKey") - "size" AS "bytesBefore" FROM "found"
        )
        SELECT "userId", "idempotencyKey", "digest", "at", CASE WHEN "bytesBefore" < ${maxBytes} THEN (
          SELECT "results" FROM "Answer" WHERE "Answer"."userId" = "sized"."userId"
            AND "Answer"."idempotencyKey" = "sized"."idempotencyKey"
        ) END AS "results" FROM "sized"`);
    },

    async save(effects) {
      const users = [...effects];
      const rowsOf = (cells: (effects: Effects) => readonly (readonly Cell[])[]) =>
        users.flatMap(([userId, effect]) => cells(effect).map((row) => [userId, ...row]));

      await change(
        {
          name: "new",
          columns: { userId: "text", headRevision: "bigint" },
          rows: rowsOf((effect) => [[effect.head]]),
        },
        // The planner can't look into the rows: by the list it knows how few users, and in which partitions.
        (rows) => sql`UPDATE "User" SET "headRevision" = "new"."headRevision" FROM ${rows}
          WHERE "User"."userId" = "new"."userId" AND "User"."userId" IN (${join(users.map(([userId]) => userId))})`,
      );
      for (const [userId, { cleared }] of users) {
        await change(
          {
            name: "gone",
            columns: { namespace: "text" },
            rows: cleared.map((namespace) => [namespace]),
          },
          (rows) => sql`DELETE FROM "Entry" WHERE "userId" = ${userId} AND "namespace" IN (
            SELECT "namespace" FROM ${rows})`,
        );
      }
      await change(
        {
          name: "gone",
          columns: keyColumns,
          rows: rowsOf((effect) => effect.deleted.map((ref) => [ref.namespace, ref.key])),
        },
        (rows) => sql`DELETE FROM "Entry" WHERE ("userId", "namespace", "key") IN (
          SELECT "userId", "namespace", "key" FROM ${rows})`,
      );
      await change(
        {
          name: "new",
          columns: entryColumns,
          rows: rowsOf((effect) => effect.written.map(entryCells)),
        },
        (
          rows,
        ) => sql`INSERT INTO "Entry" (${names(entryColumns)}) SELECT ${names(entryColumns)} FROM ${rows} WHERE true
          ON CONFLICT ("userId", "namespace", "key") DO UPDATE SET ${replaced(entryColumns, keyColumns)}`,
      );
      await change(
        {
          name: "new",
          columns: claimColumns,
          rows: rowsOf((effect) =>
            effect.claimed.map(({ namespace, key, claim }) => [
              namespace,
              key,
              ...claimCells(claim),
            ]),
          ),
        },
        (
          rows,
        ) => sql`UPDATE "Entry" SET "claimToken" = "new"."claimToken", "claimAttempt" = "new"."claimAttempt",
            "claimExpiresAt" = "new"."claimExpiresAt", "isCompleted" = "new"."isCompleted"
          FROM ${rows} WHERE "Entry"."userId" = "new"."userId"
            AND "Entry"."namespace" = "new"."namespace" AND "Entry"."key" = "new"."key"`,
      );
      await change(
        {
          name: "new",
          columns: answerColumns,
          rows: rowsOf((effect) => effect.answers.map(answerCells)),
        },
        (
          rows,
        ) => sql`INSERT INTO "Answer" (${names(answerColumns)}) SELECT ${names(answerColumns)} FROM ${rows} WHERE true
          ON CONFLICT ("userId", "idempotencyKey")
          DO UPDATE SET ${replaced(answerColumns, { userId: "text", idempotencyKey: "text" })}`,
      );
      await change(
        {
          name: "new",
          columns: changeColumns,
          rows: rowsOf((effect) => effect.changes.map(changeCells)),
        },
        (rows) =>
          sql`INSERT INTO "Change" (${names(changeColumns)}) SELECT ${names(changeColumns)} FROM ${rows}`,
      );
    },
  };
}

function names(table: Table["columns"]): Sql {
  return join(Object.keys(table).map(name), ", ");
}

/** Every column but those of the key, set to what the statement brings. */
function replaced(table: Table["columns"], key: Table["columns"]): Sql {
  const others = Object.keys(table).filter((column) => !Object.hasOwn(key, column));
  return join(
    others.map((column) => sql`${name(column)} = excluded.${name(column)}`),
    ", ",
  );
}
