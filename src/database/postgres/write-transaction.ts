import { namespaceEffects, type NamespaceEffects } from "../../store/commit/namespace-effects.ts";
import type { Effects, LoadedEntry } from "../../store/commit/user-state.ts";
import type { ImportTransaction, LockedLogs, WriteTransaction } from "../../store/contract.ts";
import { isImporting } from "../../store/model/log.ts";
import { importStatements } from "../import-statements.ts";
import { addedToAgent, addedToNamespace } from "../namespace-deltas.ts";
import { countEntries } from "../read-namespaces.ts";
import { readFree } from "../read-write-view.ts";
import type { RowTable } from "../row-table.ts";
import { columns, join, name, raw, sql, type Sql, type SqlClient } from "../sql.ts";
import {
  cellsOf,
  changeCells,
  changeTable,
  claimColumnNames,
  columnNames,
  entryCells,
  entryColumns,
  entryTable,
  headColumns,
  namespaceAgentTable,
  namespaceTable,
  placeColumns,
  recordTable,
  type Cell,
  type Table,
} from "../tables.ts";
import { now } from "./now.ts";
import { rowTable } from "./row-table.ts";

const places = columnNames(placeColumns);
const recordColumns = columnNames(recordTable.columns);
const claimTable = {
  ...placeColumns,
  claimToken: entryTable.columns.claimToken,
  claimAttempt: entryTable.columns.claimAttempt,
  claimExpiresAt: entryTable.columns.claimExpiresAt,
  isCompleted: entryTable.columns.isCompleted,
};
const loaded = columns("Entry", headColumns);

/** The statements of one write transaction: a handful, however many commands it holds. Their rows are one parameter. */
export class PostgresWriteTransaction implements WriteTransaction {
  readonly import: ImportTransaction;
  readonly #client: SqlClient;
  readonly #userIds: readonly string[];
  readonly #listedUsers: Sql;

  constructor(client: SqlClient, userIds: readonly string[]) {
    this.#client = client;
    this.#userIds = userIds;
    this.#listedUsers = join([...userIds]);
    this.import = importStatements(client, async (userId, namespaces) => {
      for (const statement of this.#saveNamespaces([[userId, namespaces]])) await statement;
    });
  }

  /**
   * Locks the users' logs in the order of their ids, as every instance does, so that none waits in a circle.
   * @returns the users who have no log yet: to create it now would break that order
   */
  async lock(): Promise<readonly string[]> {
    const rows = await this.#client.all<{ userId: string }>(sql`
      SELECT "userId" FROM "User" WHERE "userId" IN (${this.#listedUsers}) ORDER BY "userId" FOR UPDATE`);
    if (rows.length === this.#userIds.length) return [];
    const found = new Set(rows.map(({ userId }) => userId));
    return this.#userIds.filter((userId) => !found.has(userId));
  }

  async readLogs(): Promise<LockedLogs> {
    const rows = await this.#client.all<LockedRow>(sql`
      SELECT "userId", "headRevision", "compactedRevision", ${now} AS "now" FROM "User"
      WHERE "userId" IN (${this.#listedUsers})`);
    const importing = rows.filter(({ headRevision: head, compactedRevision: compacted }) =>
      isImporting({ head, compacted }),
    );
    return {
      now: rows[0]?.now ?? new Date(),
      heads: new Map(rows.map((row) => [row.userId, row.headRevision])),
      importing: new Set(importing.map(({ userId }) => userId)),
    };
  }

  async loadEntries(wanted: Parameters<WriteTransaction["loadEntries"]>[0]) {
    const rows = rowTable({
      name: "wanted",
      columns: { ...placeColumns, withValue: "boolean" },
      rows: wanted.map((place) => cellsOf(place, [...places, "withValue"])),
    });
    // LIMIT keeps the planner, which can't look into the rows, from reading the whole table for them.
    const found = await this.#client.all<LoadedEntry & { userId: string; value: string | null }>(
      sql`SELECT "found".* FROM ${rows} CROSS JOIN LATERAL (
        SELECT "Entry"."userId", ${loaded}, CASE WHEN "withValue" THEN "value" END AS "value" FROM "Entry"
        WHERE "Entry"."userId" = "wanted"."userId" AND "Entry"."namespace" = "wanted"."namespace"
          AND "Entry"."key" = "wanted"."key" LIMIT 1
      ) AS "found"`,
    );
    return found.map(({ userId, value, ...head }) => ({
      userId,
      entry: value === null ? head : { ...head, value },
    }));
  }

  loadFree: WriteTransaction["loadFree"] = (query, maxItems) =>
    readFree(this.#client, query, maxItems);

  countEntries: WriteTransaction["countEntries"] = (userId, namespaces, at) =>
    countEntries(this.#client, userId, namespaces, sql`${at}`);

  async loadRecords(...[wanted, after, maxBytes]: Parameters<WriteTransaction["loadRecords"]>) {
    const userIds = [...new Set(wanted.map(({ userId }) => userId))];
    const keys = rowTable({
      name: "asked",
      columns: { userId: "text", idempotencyKey: "text" },
      rows: wanted.map(({ userId, idempotencyKey }) => [userId, idempotencyKey]),
    });
    return this.#client.all<{
      userId: string;
      idempotencyKey: string;
      digest: string;
      results: string | null;
    }>(sql`
      WITH "found" AS (
        SELECT "Answer"."userId", "Answer"."idempotencyKey", "digest", LENGTH("results") AS "size"
        FROM ${keys} JOIN "Answer" ON "Answer"."userId" = "asked"."userId"
          AND "Answer"."idempotencyKey" = "asked"."idempotencyKey"
        WHERE "at" > ${after} AND "Answer"."userId" IN (${join(userIds)})
      ), "sized" AS (
        SELECT "found".*, SUM("size") OVER (ORDER BY "userId", "idempotencyKey") - "size" AS "bytesBefore" FROM "found"
      )
      SELECT "userId", "idempotencyKey", "digest", CASE WHEN "bytesBefore" < ${maxBytes} THEN (
        SELECT "results" FROM "Answer" WHERE "Answer"."userId" = "sized"."userId"
          AND "Answer"."idempotencyKey" = "sized"."idempotencyKey"
      ) END AS "results" FROM "sized"`);
  }

  async save(effects: ReadonlyMap<string, Effects>): Promise<void> {
    // One after the other: each is sent when it is asked for.
    for (const statement of this.#saveStatements(effects)) await statement;
  }

  *#saveStatements(effects: ReadonlyMap<string, Effects>): Generator<Promise<unknown>> {
    const users = [...effects];
    const rowsOf = (cells: (userId: string, effects: Effects) => readonly Cell[][]) =>
      users.flatMap(([userId, effect]) => cells(userId, effect));
    const remove = (userId: string, { deleted }: Effects) =>
      deleted.map(({ namespace, key }) => [userId, namespace, key]);

    for (const [userId, { cleared }] of users) {
      if (cleared.length === 0) continue;
      for (const table of [entryTable, namespaceTable, namespaceAgentTable]) {
        yield this.#client.run(
          sql`DELETE FROM ${name(table.name)} WHERE "userId" = ${userId} AND "namespace" IN (${join([...cleared])})`,
        );
      }
    }
    yield this.#change("gone", placeColumns, rowsOf(remove), (rows) => {
      return sql`DELETE FROM "Entry" WHERE ("userId", "namespace", "key") IN (
        SELECT "userId", "namespace", "key" FROM ${rows})`;
    });
    // The planner can't look into the rows: by the list it knows how few users, and in which partitions.
    yield this.#change(
      "new",
      { userId: "text", headRevision: "bigint" },
      users.map(([userId, { head }]) => [userId, head]),
      (rows) => sql`UPDATE "User" SET "headRevision" = "new"."headRevision" FROM ${rows}
        WHERE "User"."userId" = "new"."userId" AND "User"."userId" IN (${join([...effects.keys()])})`,
    );
    yield this.#upsert(
      entryTable,
      rowsOf((userId, { written }) =>
        written.map(({ entry }) => entryCells(userId, entry, entryColumns)),
      ),
    );
    yield* this.#saveNamespaces(
      users.map(([userId, effect]) => [userId, namespaceEffects(effect)]),
    );
    yield this.#change(
      "new",
      claimTable,
      rowsOf((userId, { claimed }) =>
        claimed.map((entry) => cellsOf({ userId, ...entry }, columnNames(claimTable))),
      ),
      (rows) => sql`UPDATE "Entry" SET ${assigned(claimColumnNames, "new")}
        FROM ${rows} WHERE "Entry"."userId" = "new"."userId"
          AND "Entry"."namespace" = "new"."namespace" AND "Entry"."key" = "new"."key"`,
    );
    yield this.#upsert(
      recordTable,
      rowsOf((userId, { records }) =>
        records.map((record) => cellsOf({ userId, ...record }, recordColumns)),
      ),
    );
    yield this.#change(
      "new",
      changeTable.columns,
      rowsOf((userId, { changes }) => changes.map((change) => changeCells(userId, change))),
      (rows) =>
        sql`INSERT INTO "Change" (${list(changeTable)}) SELECT ${list(changeTable)} FROM ${rows}`,
    );
  }

  /** Adds the deltas. Rows that have come to 0 are removed afterwards, where there may be any. */
  *#saveNamespaces(
    users: readonly (readonly [userId: string, effects: NamespaceEffects])[],
  ): Generator<Promise<unknown>> {
    const rowsOf = <Delta extends object>(
      table: Table,
      deltas: (effects: NamespaceEffects) => readonly Delta[],
      isWanted: (delta: Delta) => boolean = () => true,
    ) =>
      users.flatMap(([userId, effects]) =>
        deltas(effects)
          .filter(isWanted)
          .map((delta) => cellsOf({ userId, ...delta }, columnNames(table.columns))),
      );
    const userIds = join(users.map(([userId]) => userId));
    yield this.#upsert(
      namespaceTable,
      rowsOf(namespaceTable, ({ namespaces }) => namespaces),
      raw(addedToNamespace),
    );
    yield this.#change(
      "less",
      namespaceTable.columns,
      rowsOf(
        namespaceTable,
        (effects) => effects.namespaces,
        ({ entryCount }) => entryCount < 0,
      ),
      (
        rows,
      ) => sql`DELETE FROM "Namespace" USING ${rows} WHERE "Namespace"."userId" = "less"."userId"
        AND "Namespace"."namespace" = "less"."namespace" AND "Namespace"."entryCount" <= 0
        AND "Namespace"."userId" IN (${userIds})`,
    );
    yield this.#upsert(
      namespaceAgentTable,
      rowsOf(namespaceAgentTable, ({ agents }) => agents),
      raw(addedToAgent),
    );
    yield this.#change(
      "less",
      namespaceAgentTable.columns,
      rowsOf(
        namespaceAgentTable,
        ({ agents }) => agents,
        ({ referenceCount }) => referenceCount < 0,
      ),
      (
        rows,
      ) => sql`DELETE FROM "NamespaceAgent" USING ${rows} WHERE "NamespaceAgent"."userId" = "less"."userId"
        AND "NamespaceAgent"."namespace" = "less"."namespace" AND "NamespaceAgent"."agent" = "less"."agent"
        AND "NamespaceAgent"."referenceCount" <= 0 AND "NamespaceAgent"."userId" IN (${userIds})`,
    );
  }

  /** @param set what becomes of a row that is there; without it, its cells are replaced */
  async #upsert(table: Table, cells: readonly Cell[][], set: Sql | null = null): Promise<void> {
    const others = columnNames(table.columns).filter((column) => !table.key.includes(column));
    await this.#change("new", table.columns, cells, (rows) => {
      return sql`INSERT INTO ${name(table.name)} (${list(table)}) SELECT ${list(table)} FROM ${rows} WHERE true
        ON CONFLICT (${join(table.key.map(name))}) DO UPDATE SET ${set ?? assigned(others, "excluded")}`;
    });
  }

  /** Runs a statement on rows, if there are any. */
  async #change(
    as: string,
    columnTypes: RowTable["columns"],
    rows: RowTable["rows"],
    statement: (rows: Sql) => Sql,
  ): Promise<void> {
    if (rows.length === 0) return;
    await this.#client.run(statement(rowTable({ name: as, columns: columnTypes, rows })));
  }
}

/** Creates the logs of users who have none, by itself, without a transaction around it. */
export async function createUsers(client: SqlClient, userIds: readonly string[]): Promise<void> {
  const missing = rowTable({
    name: "missing",
    columns: { userId: "text" },
    rows: [...userIds].sort().map((userId) => [userId]),
  });
  await client.run(sql`
    INSERT INTO "User" ("userId", "headRevision", "compactedRevision", "createdAt")
    SELECT "userId", 0, 0, ${now} FROM ${missing} ORDER BY "userId" ON CONFLICT DO NOTHING`);
}

interface LockedRow {
  readonly userId: string;
  readonly headRevision: bigint;
  readonly compactedRevision: bigint;
  readonly now: Date;
}

function list(table: Table): Sql {
  return join(columnNames(table.columns).map(name), ", ");
}

function assigned(names: readonly string[], from: string): Sql {
  return join(
    names.map((column) => sql`${name(column)} = ${name(from)}.${name(column)}`),
    ", ",
  );
}
