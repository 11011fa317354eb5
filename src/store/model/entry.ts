/** An entry without its value: what a decision needs. `metadata` is a serialised JSON object. */
export interface EntryHead {
  readonly namespace: string;
  readonly key: string;
  /** Revision of the change that wrote it. */
  readonly revision: bigint;
  /** Revision of the change that created it. A set after a delete creates a new entry. */
  readonly createdRevision: bigint;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The agent that created it; null if that agent gave no name. */
  readonly createdBy: string | null;
  /** The agent that wrote it last; null if that agent gave no name. */
  readonly updatedBy: string | null;
  /** From this instant on the entry does not exist (G8); null for an entry without expiry. */
  readonly expiresAt: Date | null;
  /** Bytes of the key, the value and the metadata as stored. */
  readonly sizeBytes: number;
  readonly metadata: string;
}

/** An entry with its value. `value` is serialised JSON, exactly as it was sent (G13). */
export interface Entry extends EntryHead {
  readonly value: string;
}

/** Returns what readers see of an entry: without the claim and other fields that only writes use. */
export function shownEntry(entry: Entry): Entry {
  const { namespace, key, revision, createdRevision, createdAt, updatedAt } = entry;
  const { createdBy, updatedBy, expiresAt, sizeBytes, metadata, value } = entry;
  return {
    namespace,
    key,
    revision,
    createdRevision,
    createdAt,
    updatedAt,
    createdBy,
    updatedBy,
    expiresAt,
    sizeBytes,
    metadata,
    value,
  };
}

/** Whether an entry has expired (G8). It has from the instant of its expiry on. */
export function isExpired({ expiresAt }: Pick<EntryHead, "expiresAt">, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** A group of keys; it exists while it holds an entry. */
export interface Namespace {
  readonly name: string;
  readonly entryCount: number;
  /** Bytes of its entries' keys, values and metadata. */
  readonly sizeBytes: number;
  /** When one of its entries was last written, even if that entry was removed later. */
  readonly updatedAt: Date;
  /** Names of the agents that created or last wrote one of its entries, sorted; at most 100. */
  readonly agents: readonly string[];
}

/** The totals of a user's store. */
export interface Usage {
  readonly namespaceCount: number;
  readonly entryCount: number;
  readonly sizeBytes: number;
}

export const noUsage: Usage = { namespaceCount: 0, entryCount: 0, sizeBytes: 0 };

/** Adds the totals of other namespaces. */
export function addUsage(one: Usage, other: Usage): Usage {
  return {
    namespaceCount: one.namespaceCount + other.namespaceCount,
    entryCount: one.entryCount + other.entryCount,
    sizeBytes: one.sizeBytes + other.sizeBytes,
  };
}
