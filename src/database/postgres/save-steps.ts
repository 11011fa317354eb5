import { namespaceEffects, type NamespaceEffects } from "../../store/commit/namespace-effects.ts";
import type { Effects } from "../../store/commit/state.ts";
import { addedToAgent, addedToNamespace } from "../namespace-deltas.ts";
import type { RowTable } from "../row-table.ts";
import { join, name, raw, sql, type Sql } from "../sql.ts";
import {
  cellsOf,
  changeCells,
  changeTable,
  claimColumnNames,
  claimColumns,
  columnNames,
  entryCells,
  entryColumns,
  entryTable,
  namespaceAgentTable,
  namespaceTable,
  placeColumns,
  recordTable,
  type Cell,
  type Table,
} from "../tables.ts";
import { rowTable } from "./row-table.ts";

const recordColumns = columnNames(recordTable.columns);
const claimTable = { ...placeColumns, ...claimColumns };

/** Statements that can be sent together. A statement that has nothing to do is null. */
export type Step = readonly (Sql | null)[];

/** Approximate maximum of a statement's rows, in UTF-16 units. The text is built without yielding. */
const maxRowUnits = 1024 * 1024;
/** What a cell costs in addition to its text, in the same unit. */
const cellUnits = 32;
/** Maximum number of namespaces that one statement clears. */
const maxClearedPerStep = 500;

/**
 * Saves the effects:
 *
 * 1. Remove cleared namespaces, and then deleted entries.
 * 2. Write large entries and changes in statements of limited size, and then the rest.
 * 3. Remove the totals that have reached 0.
 */
export function* saveSteps(effects: ReadonlyMap<string, Effects>): Generator<Step> {
  const users = [...effects];
  const rowsOf = (cells: (userId: string, effects: Effects) => readonly Cell[][]) =>
    users.flatMap(([userId, effect]) => cells(userId, effect));

  for (const [userId, { cleared }] of users) {
    for (let start = 0; start < cleared.length; start += maxClearedPerStep) {
      const some = join(cleared.slice(start, start + maxClearedPerStep));
      yield [entryTable, namespaceTable, namespaceAgentTable].map(
        (table) =>
          sql`DELETE FROM ${name(table.name)} WHERE "userId" = ${userId} AND "namespace" IN (${some})`,
      );
    }
  }
  const removed = rowsOf((userId, { deleted }) =>
    deleted.map(({ namespace, key }) => [userId, namespace, key]),
  );
  yield [
    withRows("gone", placeColumns, removed, (rows) => {
      return sql`DELETE FROM "Entry" WHERE ("userId", "namespace", "key") IN (
        SELECT "userId", "namespace", "key" FROM ${rows})`;
    }),
  ];
  const [totals, emptied] = saveNamespaces(
    users.map(([userId, effect]) => [userId, namespaceEffects(effect)]),
  );
  let entries: Cell[][] = [];
  for (const rows of groupsOf(writtenRows(effects))) {
    if (entries.length > 0) yield [upsert(entryTable, entries)];
    entries = rows;
  }
  let changes: Cell[][] = [];
  for (const rows of groupsOf(changeRows(effects))) {
    if (changes.length > 0) yield [insertChanges(changes)];
    changes = rows;
  }
  yield [
    // The planner cannot read the rows. The list shows it how few users there are, and in which partitions.
    withRows(
      "new",
      { userId: "text", headRevision: "bigint" },
      users.map(([userId, { head }]) => [userId, head]),
      (rows) => sql`UPDATE "User" SET "headRevision" = "new"."headRevision" FROM ${rows}
        WHERE "User"."userId" = "new"."userId" AND "User"."userId" IN (${join([...effects.keys()])})`,
    ),
    upsert(entryTable, entries),
    ...totals,
    withRows(
      "new",
      claimTable,
      rowsOf((userId, { claimed }) =>
        claimed.map((entry) => cellsOf({ userId, ...entry }, columnNames(claimTable))),
      ),
      (rows) => sql`UPDATE "Entry" SET ${assigned(claimColumnNames, "new")}
        FROM ${rows} WHERE "Entry"."userId" = "new"."userId"
          AND "Entry"."namespace" = "new"."namespace" AND "Entry"."key" = "new"."key"`,
    ),
    upsert(
      recordTable,
      rowsOf((userId, { records }) =>
        records.map((record) => cellsOf({ userId, ...record }, recordColumns)),
      ),
    ),
    insertChanges(changes),
  ];
  yield emptied;
}

// The cells of a row are made when its group is, so that thousands of rows do not take one turn of the event loop.

function* writtenRows(effects: ReadonlyMap<string, Effects>): Generator<Cell[]> {
  for (const [userId, { written }] of effects) {
    for (const { entry } of written) yield entryCells(userId, entry, entryColumns);
  }
}

function* changeRows(effects: ReadonlyMap<string, Effects>): Generator<Cell[]> {
  for (const [userId, { changes }] of effects) {
    for (const change of changes) yield changeCells(userId, change);
  }
}

/** Divides the rows, in their order, into groups of about `maxRowUnits`. Nearly always there is one group. */
function* groupsOf(rows: Iterable<Cell[]>): Generator<Cell[][]> {
  let group: Cell[][] = [];
  let units = 0;
  for (const cells of rows) {
    group.push(cells);
    units += cells.length * cellUnits;
    for (const cell of cells) if (typeof cell === "string") units += cell.length;
    if (units < maxRowUnits) continue;
    yield group;
    group = [];
    units = 0;
  }
  if (group.length > 0) yield group;
}

function insertChanges(cells: readonly Cell[][]): Sql | null {
  return withRows("new", changeTable.columns, cells, (rows) => {
    return sql`INSERT INTO "Change" (${list(changeTable)}) SELECT ${list(changeTable)} FROM ${rows}`;
  });
}

/** Adds the deltas. If rows can have reached 0, a later statement removes them. */
export function saveNamespaces(
  users: readonly (readonly [userId: string, effects: NamespaceEffects])[],
): readonly [totals: Step, emptied: Step] {
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
  const totals = [
    upsert(
      namespaceTable,
      rowsOf(namespaceTable, ({ namespaces }) => namespaces),
      raw(addedToNamespace),
    ),
    upsert(
      namespaceAgentTable,
      rowsOf(namespaceAgentTable, ({ agents }) => agents),
      raw(addedToAgent),
    ),
  ];
  const emptied = [
    withRows(
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
    ),
    withRows(
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
    ),
  ];
  return [totals, emptied];
}

/** @param set the part after SET for an existing row; default: its cells are replaced */
function upsert(table: Table, cells: readonly Cell[][], set: Sql | null = null): Sql | null {
  const others = columnNames(table.columns).filter((column) => !table.key.includes(column));
  return withRows("new", table.columns, cells, (rows) => {
    return sql`INSERT INTO ${name(table.name)} (${list(table)}) SELECT ${list(table)} FROM ${rows} WHERE true
      ON CONFLICT (${join(table.key.map(name))}) DO UPDATE SET ${set ?? assigned(others, "excluded")}`;
  });
}

/** A statement on rows; null if there are none. */
function withRows(
  as: string,
  columnTypes: RowTable["columns"],
  rows: RowTable["rows"],
  statement: (rows: Sql) => Sql,
): Sql | null {
  return rows.length === 0 ? null : statement(rowTable({ name: as, columns: columnTypes, rows }));
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
