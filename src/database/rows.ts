import type { Change } from "../store/model/change.ts";
import { unclaimed, type StoredEntry } from "../store/model/claim.ts";
import type { Entry } from "../store/model/entry.ts";

/** What a read takes of the Entry table. */
export const entryColumns = [
  "userId",
  "namespace",
  "key",
  "revision",
  "createdRevision",
  "createdAt",
  "updatedAt",
  "createdBy",
  "updatedBy",
  "expiresAt",
  "sizeBytes",
  "metadata",
  "value",
] as const satisfies readonly (keyof EntryRow)[];

/** A row of them. */
export interface EntryRow {
  userId: string;
  namespace: string;
  key: string;
  revision: bigint;
  createdRevision: bigint;
  createdAt: Date;
  updatedAt: Date;
  createdBy: string | null;
  updatedBy: string | null;
  expiresAt: Date | null;
  sizeBytes: number;
  metadata: string;
  value: string;
}

/** A row of the Entry table with what only a write looks at. */
export interface StoredEntryRow extends EntryRow {
  claimToken: string | null;
  claimAttempt: number;
  claimExpiresAt: Date | null;
  isCompleted: boolean | number;
}

/** What a read takes of the Entry table where it wants its claims, too. */
export const storedEntryColumns = [
  ...entryColumns,
  "claimToken",
  "claimAttempt",
  "claimExpiresAt",
  "isCompleted",
] as const satisfies readonly (keyof StoredEntryRow)[];

export function toStoredEntry(row: StoredEntryRow): StoredEntry {
  return {
    ...toEntry(row),
    claim: {
      token: row.claimToken,
      attempt: row.claimAttempt,
      expiresAt: row.claimExpiresAt,
      isCompleted: Boolean(row.isCompleted),
    },
  };
}

export function toEntry(row: EntryRow): Entry {
  return {
    namespace: row.namespace,
    key: row.key,
    value: row.value,
    metadata: row.metadata,
    revision: row.revision,
    createdRevision: row.createdRevision,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    createdBy: row.createdBy,
    updatedBy: row.updatedBy,
    expiresAt: row.expiresAt,
    sizeBytes: row.sizeBytes,
  };
}

/** What a read takes of the Change table. */
export const changeColumns = [
  "revision",
  "kind",
  "namespace",
  "key",
  "agent",
  "at",
  "createdRevision",
  "createdAt",
  "createdBy",
  "expiresAt",
  "sizeBytes",
  "metadata",
  "value",
] as const satisfies readonly (keyof ChangeRow)[];

/** A row of them. */
export interface ChangeRow {
  revision: bigint;
  kind: Change["kind"];
  namespace: string;
  key: string | null;
  agent: string | null;
  at: Date;
  createdRevision: bigint | null;
  createdAt: Date | null;
  createdBy: string | null;
  expiresAt: Date | null;
  sizeBytes: number | null;
  metadata: string | null;
  value: string | null;
}

/** A row of them with what the claim of the entry has come to; null where that entry is no more. */
export interface StoredChangeRow extends ChangeRow {
  claimAttempt: number | null;
  isCompleted: boolean | number | null;
}

export function toStoredChange(row: StoredChangeRow): Change<StoredEntry> {
  const change = toChange(row);
  if (change.kind !== "SET") return change;
  const claim = {
    ...unclaimed,
    attempt: row.claimAttempt ?? 0,
    isCompleted: Boolean(row.isCompleted),
  };
  return { ...change, entry: { ...change.entry, claim } };
}

export function toChange(row: ChangeRow): Change {
  const { revision, namespace, agent, at } = row;
  switch (row.kind) {
    case "NAMESPACE_CLEARED":
      return { kind: row.kind, revision, namespace, key: null, agent, at, entry: null };
    case "DELETED":
    case "EXPIRED":
      return { kind: row.kind, revision, namespace, key: present(row.key), agent, at, entry: null };
    case "SET": {
      const key = present(row.key);
      const entry: Entry = {
        namespace,
        key,
        value: present(row.value),
        metadata: present(row.metadata),
        revision,
        createdRevision: present(row.createdRevision),
        createdAt: present(row.createdAt),
        updatedAt: at,
        createdBy: row.createdBy,
        updatedBy: agent,
        expiresAt: row.expiresAt,
        sizeBytes: present(row.sizeBytes),
      };
      return { kind: row.kind, revision, namespace, key, agent, at, entry };
    }
  }
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error("A change in the log lacks a column that its kind has.");
  return value;
}
