import { addedToAgent, addedToNamespace } from "../namespace-deltas.ts";
import { quoted } from "../sql.ts";
import {
  changeTable,
  claimColumnNames,
  columnNames,
  entryColumns,
  entryTable,
  headColumns,
  namespaceAgentTable,
  namespaceTable,
  recordTable,
  storedColumns,
  type Table,
} from "../tables.ts";
import type { SqliteConnection } from "./connection.ts";
import { nowMs } from "./now.ts";

/** The columns that an update with only a new value leaves unchanged. So their indexes do not change, either. */
export const keptColumns: readonly string[] = [
  "createdRevision",
  "createdAt",
  "createdBy",
  "expiresAt",
  ...claimColumnNames,
];
/** The columns that such an update writes. */
export const newValueColumns = entryColumns.filter(
  (column) => !keptColumns.includes(column) && !entryTable.key.some((part) => part === column),
);

const atPlace = `WHERE "userId" = ? AND "namespace" = ? AND "key" = ?`;
const ofNamespace = `WHERE "userId" = ? AND "namespace" = ?`;
const ofRecord = `WHERE "userId" = ? AND "idempotencyKey" = ?`;

/** The statements that load what a write transaction needs. Each reads one row, and is prepared once. */
export type LoadStatements = ReturnType<typeof prepareLoadStatements>;

export function prepareLoadStatements(connection: SqliteConnection) {
  return {
    selectHead: connection.prepare(
      `SELECT "headRevision", "compactedRevision", ${nowMs} AS "nowMs" FROM "User" WHERE "userId" = ?`,
    ),
    selectEntryHead: connection.prepare(`SELECT ${list(headColumns)} FROM "Entry" ${atPlace}`),
    selectEntry: connection.prepare(`SELECT ${list(storedColumns)} FROM "Entry" ${atPlace}`),
    selectRecord: connection.prepare(
      `SELECT "digest", LENGTH("results") AS "size" FROM "Answer" ${ofRecord} AND "at" > ?`,
    ),
    selectResults: connection.prepare(`SELECT "results" FROM "Answer" ${ofRecord}`),
  };
}

/** The statements of a write transaction. Each writes one row, and is prepared once. */
export type WriteStatements = ReturnType<typeof prepareWriteStatements>;

export function prepareWriteStatements(connection: SqliteConnection) {
  return {
    insertUser: connection.prepare(
      `INSERT INTO "User" ("userId", "headRevision", "compactedRevision", "createdAt") VALUES (?, 0, 0, ${nowMs})`,
    ),
    updateHead: connection.prepare(`UPDATE "User" SET "headRevision" = ? WHERE "userId" = ?`),
    upsertEntry: connection.prepare(upsert(entryTable)),
    updateValue: connection.prepare(`UPDATE "Entry" SET ${assigned(newValueColumns)} ${atPlace}`),
    updateClaim: connection.prepare(`UPDATE "Entry" SET ${assigned(claimColumnNames)} ${atPlace}`),
    deleteEntry: connection.prepare(`DELETE FROM "Entry" ${atPlace}`),
    deleteSomeOfNamespace: connection.prepare(
      `DELETE FROM "Entry" WHERE "rowid" IN (
         SELECT "rowid" FROM "Entry" WHERE "userId" = ? AND "namespace" = ? LIMIT ?)`,
    ),
    addToNamespace: connection.prepare(
      `${insert(namespaceTable)} ON CONFLICT (${list(namespaceTable.key)}) DO UPDATE SET ${addedToNamespace}`,
    ),
    deleteNamespace: connection.prepare(`DELETE FROM "Namespace" ${ofNamespace}`),
    deleteEmptyNamespace: connection.prepare(
      `DELETE FROM "Namespace" ${ofNamespace} AND "entryCount" <= 0`,
    ),
    addToAgent: connection.prepare(
      `${insert(namespaceAgentTable)} ON CONFLICT (${list(namespaceAgentTable.key)}) DO UPDATE SET ${addedToAgent}`,
    ),
    deleteSomeAgents: connection.prepare(
      `DELETE FROM "NamespaceAgent" WHERE "rowid" IN (
         SELECT "rowid" FROM "NamespaceAgent" ${ofNamespace} LIMIT ?)`,
    ),
    deleteUnnamedAgent: connection.prepare(
      `DELETE FROM "NamespaceAgent" ${ofNamespace} AND "agent" = ? AND "referenceCount" <= 0`,
    ),
    insertChange: connection.prepare(insert(changeTable)),
    upsertRecord: connection.prepare(upsert(recordTable)),
  };
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join(", ");
}

function assigned(columns: readonly string[]): string {
  return columns.map((column) => `${quoted(column)} = ?`).join(", ");
}

function insert({ name, columns }: Table): string {
  const names = columnNames(columns);
  return `INSERT INTO ${quoted(name)} (${list(names)}) VALUES (${names.map(() => "?").join(", ")})`;
}

function upsert(table: Table): string {
  const others = columnNames(table.columns).filter((column) => !table.key.includes(column));
  const replaced = others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
  return `${insert(table)} ON CONFLICT (${list(table.key)}) DO UPDATE SET ${replaced.join(", ")}`;
}
