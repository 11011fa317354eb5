/** What a key holds. `value` and `metadata` are serialised JSON, parsed only where someone asks for them. */
export interface Entry {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly metadata: string;
  /** Revision of the change that wrote it. */
  readonly revision: bigint;
  /** Revision of the change that created it; a delete and a new set begin anew. */
  readonly createdRevision: bigint;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The agent that created it, if that agent said its name. */
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  /** From this instant on there is no such entry; null for one that stays. */
  readonly expiresAt: Date | null;
  /** Bytes of the key, the value and the metadata as stored. */
  readonly sizeBytes: number;
}

/** Whether it is gone: from the very instant on (G8). */
export function isExpired({ expiresAt }: Pick<Entry, "expiresAt">, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** A group of keys; it exists while it holds an entry. */
export interface Namespace {
  readonly name: string;
  readonly entryCount: number;
  readonly sizeBytes: number;
  readonly updatedAt: Date;
  /** Names of the agents that created or last wrote one of its entries, sorted; at most 100. */
  readonly agents: readonly string[];
}

/** What a user's store holds. */
export interface Usage {
  readonly namespaceCount: number;
  readonly entryCount: number;
  readonly sizeBytes: number;
}
