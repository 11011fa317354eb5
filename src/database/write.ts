import type { Change } from "../store/change.ts";
import type { Entry } from "../store/entry.ts";
import type { Effects } from "../store/workspace.ts";
import type { WriteTransaction } from "./database.ts";
import { toEntry, type EntryRow } from "./rows.ts";
import { join, matchesAny, name, sql, type Sql, type SqlClient } from "./sql.ts";

type ColumnType = "text" | "bigint" | "integer" | "boolean" | "time";
type Cell = string | bigint | number | boolean | Date | null;

/** Rows on their way into a statement. */
export interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly rows: readonly (readonly Cell[])[];
}

/** What a write transaction does differently on each database. */
export interface WriteDialect {
  readonly lock: WriteTransaction["lock"];
  /**
   * The table as something to select from. However many rows it has, they travel as one JSON parameter: that is some
   * thirty times faster than a statement a row.
   */
  table(table: Table): Sql;
}

const keyColumns = { userId: "text", namespace: "text", key: "text" } as const;

const wantedColumns = { ...keyColumns, withValue: "boolean" } as const;

const entryColumns = {
  ...keyColumns,
  revision: "bigint",
  createdRevision: "bigint",
  createdAt: "time",
  updatedAt: "time",
  createdBy: "text",
  updatedBy: "text",
  sizeBytes: "integer",
  metadata: "text",
  value: "text",
} as const;

const changeColumns = {
  userId: "text",
  revision: "bigint",
  kind: "text",
  namespace: "text",
  key: "text",
  agent: "text",
  at: "time",
  createdRevision: "bigint",
  createdAt: "time",
  createdBy: "text",
  sizeBytes: "integer",
  metadata: "text",
  value: "text",
} as const;

/** The statements of one write transaction, a handful however many commands it holds. */
export function writeTransaction(client: SqlClient, dialect: WriteDialect): WriteTransaction {
  const change = async (table: Table, statement: (rows: Sql) => Sql) => {
    if (table.rows.length > 0) await client.$executeRaw(statement(dialect.table(table)));
  };
  return {
    lock: dialect.lock,

    async loadEntries(refs) {
      const wanted = dialect.table({
        name: "wanted",
        columns: wantedColumns,
        rows: refs.map((ref) => [ref.userId, ref.namespace, ref.key, ref.withValue]),
      });
      const rows = await client.$queryRaw<EntryRow[]>(sql`
        SELECT "Entry"."userId", "Entry"."namespace", "Entry"."key", "revision", "createdRevision", "createdAt",
          "updatedAt", "createdBy", "updatedBy", "sizeBytes", "metadata",
          CASE WHEN "withValue" THEN "value" ELSE 'null' END AS "value"
        FROM ${wanted} JOIN "Entry" ON "Entry"."userId" = "wanted"."userId"
          AND "Entry"."namespace" = "wanted"."namespace" AND "Entry"."key" = "wanted"."key"`);
      return rows.map((row) => ({ userId: row.userId, entry: toEntry(row) }));
    },

    async countEntries(userId, namespaces) {
      const rows = await client.$queryRaw<{ namespace: string; count: bigint | number }[]>(sql`
        SELECT "namespace", COUNT(*) AS "count" FROM "Entry"
        WHERE "userId" = ${userId} AND ${matchesAny(sql`"namespace"`, namespaces)} GROUP BY "namespace"`);
      return new Map(rows.map((row) => [row.namespace, Number(row.count)]));
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
        (rows) => sql`UPDATE "User" SET "headRevision" = "new"."headRevision"
          FROM ${rows} WHERE "User"."userId" = "new"."userId"`,
      );
      await change(
        {
          name: "gone",
          columns: { userId: "text", namespace: "text" },
          rows: rowsOf((effect) => effect.cleared.map((namespace) => [namespace])),
        },
        (rows) => sql`DELETE FROM "Entry" WHERE ("userId", "namespace") IN (
          SELECT "userId", "namespace" FROM ${rows})`,
      );
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
          ON CONFLICT ("userId", "namespace", "key") DO UPDATE SET ${join(replaced, ", ")}`,
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

function names(columns: Table["columns"]): Sql {
  return join(Object.keys(columns).map(name), ", ");
}

/** Every column of an entry but its key, set to what the statement brings. */
const replaced = Object.keys(entryColumns)
  .filter((column) => !Object.hasOwn(keyColumns, column))
  .map((column) => sql`${name(column)} = excluded.${name(column)}`);

/** In the order of `entryColumns`, after the user. */
function entryCells(entry: Entry): Cell[] {
  return [
    entry.namespace,
    entry.key,
    entry.revision,
    entry.createdRevision,
    entry.createdAt,
    entry.updatedAt,
    entry.createdBy,
    entry.updatedBy,
    entry.sizeBytes,
    entry.metadata,
    entry.value,
  ];
}

/** In the order of `changeColumns`, after the user. */
function changeCells(change: Change): Cell[] {
  const { entry } = change;
  return [
    change.revision,
    change.kind,
    change.namespace,
    change.key,
    change.agent,
    change.at,
    entry && entry.createdRevision,
    entry && entry.createdAt,
    entry && entry.createdBy,
    entry && entry.sizeBytes,
    entry && entry.metadata,
    entry && entry.value,
  ];
}
