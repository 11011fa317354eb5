import type { AgentDelta, NamespaceDelta } from "../store/commit/namespace-effects.ts";
import type { Change } from "../store/model/change.ts";
import type { ClaimState, StoredEntry, StoredHead } from "../store/model/claim.ts";

// The only description of the tables in TypeScript: their columns, in the order of statements, and the conversion of rows
// to the store's types. A new column needs one line here, one line in the schema, and a migration.

/** The type of a column. A `time` is an instant in milliseconds. */
export type ColumnType = "text" | "bigint" | "integer" | "boolean" | "time";

/** The JavaScript type of a column, on both databases. */
export type Cell = string | bigint | number | boolean | Date | null;

export type Columns = Readonly<Record<string, ColumnType>>;

/** A table, and the columns that identify a row. */
export interface Table<C extends Columns = Columns> {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: C;
}

/** The columns that identify an entry among all users. */
export const placeColumns = { userId: "text", namespace: "text", key: "text" } as const;

/** The work on an entry. Readers do not see these columns. */
export const claimColumns = {
  claimToken: "text",
  claimAgent: "text",
  claimAttempt: "integer",
  claimMaxAttempts: "integer",
  claimExpiresAt: "time",
  claimFailedAt: "time",
  claimError: "text",
  isCompleted: "boolean",
  isDeadLettered: "boolean",
} as const satisfies Record<keyof ClaimState, ColumnType>;

/** The current entries. The large columns come last, so that a scan of the others does not read them. */
export const entryTable = {
  name: "Entry",
  key: ["userId", "namespace", "key"],
  columns: {
    ...placeColumns,
    revision: "bigint",
    createdRevision: "bigint",
    createdAt: "time",
    updatedAt: "time",
    createdBy: "text",
    updatedBy: "text",
    expiresAt: "time",
    ...claimColumns,
    sizeBytes: "integer",
    metadata: "text",
    value: "text",
  } satisfies Columns & Record<"userId" | keyof StoredEntry, ColumnType>,
} as const satisfies Table;

/** The logs of users. The columns from `createdRevision` on are those of the entry after a `SET`. */
export const changeTable = {
  name: "Change",
  key: ["userId", "revision"],
  columns: {
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
    expiresAt: "time",
    sizeBytes: "integer",
    metadata: "text",
    value: "text",
  },
} as const satisfies Table;

/** The totals of each namespace. A row exists while its `entryCount` is above 0. */
export const namespaceTable = {
  name: "Namespace",
  key: ["userId", "namespace"],
  columns: {
    userId: "text",
    namespace: "text",
    entryCount: "integer",
    sizeBytes: "bigint",
    updatedAt: "time",
  } satisfies Record<"userId" | keyof NamespaceDelta, ColumnType>,
} as const satisfies Table;

/** The agents that entries of a namespace name. A row exists while its `referenceCount` is above 0. */
export const namespaceAgentTable = {
  name: "NamespaceAgent",
  key: ["userId", "namespace", "agent"],
  columns: {
    userId: "text",
    namespace: "text",
    agent: "text",
    referenceCount: "integer",
  } satisfies Record<"userId" | keyof AgentDelta, ColumnType>,
} as const satisfies Table;

/** The results of mutations with an idempotency key. */
export const recordTable = {
  name: "Answer",
  key: ["userId", "idempotencyKey"],
  columns: {
    userId: "text",
    idempotencyKey: "text",
    at: "time",
    digest: "text",
    results: "text",
  },
} as const satisfies Table;

/** The names of some columns, in their order. */
export function columnNames<C extends Columns>(
  columns: C,
  without: readonly (keyof C)[] = [],
): (keyof C & string)[] {
  return Object.keys(columns).filter((column) => !without.includes(column));
}

export const entryColumns = columnNames(entryTable.columns);
/** The columns that readers see. */
export const shownColumns = columnNames(entryTable.columns, [
  "userId",
  ...columnNames(claimColumns),
]);
export const shownHeadColumns = shownColumns.filter((column) => column !== "value");
/** The columns on which a write's decision depends. */
export const headColumns = columnNames(entryTable.columns, ["userId", "value"]);
export const storedColumns = columnNames(entryTable.columns, ["userId"]);
export const changeColumns = columnNames(changeTable.columns, ["userId"]);
export const claimColumnNames = columnNames(claimColumns);

// These functions run for every written row, so they are loops that allocate only the cells.

/** The cells of an entry, for these columns. */
export function entryCells(
  userId: string,
  entry: StoredHead | StoredEntry,
  columns: readonly string[],
): Cell[] {
  const cells: Cell[] = [];
  for (const column of columns) cells.push(column === "userId" ? userId : cellOf(entry, column));
  return cells;
}

const logColumns = columnNames(changeTable.columns);

/** The cells of a change, for every column of the log. */
export function changeCells(userId: string, change: Change): Cell[] {
  const { entry } = change;
  const cells: Cell[] = [];
  for (const column of logColumns) {
    if (column === "userId") cells.push(userId);
    // A change's own cells take precedence: the entry of a SET has some of the same names.
    else cells.push(cellOf(change, column) ?? (entry && cellOf(entry, column)));
  }
  return cells;
}

/** The cells of a row, for these columns. */
export function cellsOf(row: object, columns: readonly string[]): Cell[] {
  const cells: Cell[] = [];
  for (const column of columns) cells.push(cellOf(row, column));
  return cells;
}

function cellOf(row: object, column: string): Cell {
  return (row as Record<string, Cell | undefined>)[column] ?? null;
}

/** A row of the log. */
export type ChangeRow = {
  readonly [Column in Exclude<keyof typeof changeTable.columns, "userId">]: Cell;
};

/** The columns of an entry that a change contains in addition to its own. */
const carriedColumns = changeColumns.slice(changeColumns.indexOf("createdRevision"));

/** Converts a row to a change. The row can have other cells, too. Columns that its kind does not use are null. */
export function toChange(row: ChangeRow): Change {
  const { kind, revision, namespace, key, agent, at } = row;
  if (kind !== "SET") return { kind, revision, namespace, key, agent, at, entry: null } as Change;
  const entry: Record<string, Cell> = { namespace, key, revision, updatedAt: at, updatedBy: agent };
  for (const column of carriedColumns) entry[column] = row[column as keyof ChangeRow];
  return { kind, revision, namespace, key, agent, at, entry } as unknown as Change;
}
