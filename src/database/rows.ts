import type { Change } from "../store/change.ts";
import type { Entry } from "../store/entry.ts";

/** A row of the Entry table, or of its columns in a join. */
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
  sizeBytes: number;
  metadata: string;
  value: string;
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
    sizeBytes: row.sizeBytes,
  };
}

/** A row of the Change table. */
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
  sizeBytes: number | null;
  metadata: string | null;
  value: string | null;
}

export function toChange(row: ChangeRow): Change {
  const { revision, namespace, agent, at } = row;
  switch (row.kind) {
    case "NAMESPACE_CLEARED":
      return { kind: row.kind, revision, namespace, key: null, agent, at, entry: null };
    case "DELETED":
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
