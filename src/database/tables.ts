import type { AgentDelta, NamespaceDelta } from "../store/commit/namespace-effects.ts";
import type { Change } from "../store/model/change.ts";
import type { ClaimState, StoredEntry, StoredHead } from "../store/model/claim.ts";

// The one description of the tables that SQL is written for: their columns, in the order of statements, and how rows
// become what the store works with. A new column is one line here, one in the schema, and a migration.

/** What a column holds. A `time` is an instant in milliseconds. */
export type ColumnType = "text" | "bigint" | "integer" | "boolean" | "time";

/** What a column holds in JavaScript, on every database. */
export type Cell = string | bigint | number | boolean | Date | null;

export type Columns = Readonly<Record<string, ColumnType>>;

/** A table, and the columns that identify a row. */
export interface Table<C extends Columns = Columns> {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: C;
}

/** Names an entry among all users. */
export const placeColumns = { userId: "text", namespace: "text", key: "text" } as const;

/** The work on an entry, which readers do not see. */
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

/** What an entry holds now. The large columns come last, so that a scan of the others does not read them. */
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

/** One user's log. The columns from `createdRevision` on are those of the entry that a `SET` left. */
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

/** What each namespace holds. A row exists while its `entryCount` is above 0. */
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
/** What readers see. */
export const shownColumns = columnNames(entryTable.columns, [
  "userId",
  ...columnNames(claimColumns),
]);
export const shownHeadColumns = shownColumns.filter((column) => column !== "value");
/** What a decision needs. */
export const headColumns = columnNames(entryTable.columns, ["userId", "value"]);
export const storedColumns = columnNames(entryTable.columns, ["userId"]);
export const changeColumns = columnNames(changeTable.columns, ["userId"]);
export const claimColumnNames = columnNames(claimColumns);

// Each of these is called for every row that is written: a loop, which makes nothing but the cells.

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
    // A change's own cells come first: the entry of a SET has some of the same names.
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

/** What a change carries of an entry, beside what the change itself says. */
const carriedColumns = changeColumns.slice(changeColumns.indexOf("createdRevision"));

/** Makes a change of a row, which may have other cells too. What its kind does not have is null in the row. */
export function toChange(row: ChangeRow): Change {
  const { kind, revision, namespace, key, agent, at } = row;
  if (kind !== "SET") return { kind, revision, namespace, key, agent, at, entry: null } as Change;
  const entry: Record<string, Cell> = { namespace, key, revision, updatedAt: at, updatedBy: agent };
  for (const column of carriedColumns) entry[column] = row[column as keyof ChangeRow];
  return { kind, revision, namespace, key, agent, at, entry } as unknown as Change;
}
