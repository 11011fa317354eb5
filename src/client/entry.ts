/**
 * Position of a change in its user's log: 1, 2, 3 … without holes, as a decimal string, since it may have 64 bits.
 * Compare by `BigInt(revision)`.
 */
export type Revision = string;

/** What a key holds. */
export interface Entry<V = unknown, K extends string = string> {
  /** The group of keys it belongs to. */
  readonly namespace: string;
  /** Its name, unique within the namespace. */
  readonly key: K;
  /** The JSON value. */
  readonly value: V;
  /** A JSON object about the value, merged by each write that gives one. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Revision of the change that wrote it last: write `ifRevision` it, or watch `after` it. */
  readonly revision: Revision;
  /** Revision of the change that created it; a set after a delete creates anew. */
  readonly createdRevision: Revision;
  /** When it was created, by the database's clock. */
  readonly createdAt: Date;
  /** When it was written last, by the database's clock. */
  readonly updatedAt: Date;
  /** The agent that created it; null where it said no name. */
  readonly createdBy: string | null;
  /** The agent that wrote it last; null where it said no name. */
  readonly updatedBy: string | null;
  /** From this instant of the database's clock on there is no such entry; null for one that stays. */
  readonly expiresAt: Date | null;
  /** Bytes of its key, value and metadata as stored. */
  readonly sizeBytes: number;
}

/** A group of keys; it exists while it holds an entry. */
export interface NamespaceInfo {
  /** Its name. */
  readonly name: string;
  /** How many entries it holds. */
  readonly entryCount: number;
  /** Bytes of its entries' keys, values and metadata. */
  readonly sizeBytes: number;
  /** When the latest of its entries was written. */
  readonly updatedAt: Date;
  /** The agents that created or last wrote one of its entries, sorted; the first 100 of them. */
  readonly agents: readonly string[];
}

/** An entry as GraphQL answers it: times come as text. */
export type AnsweredEntry = Omit<Entry, "createdAt" | "updatedAt" | "expiresAt"> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
};

/** A namespace as GraphQL answers it. */
export type AnsweredNamespace = Omit<NamespaceInfo, "updatedAt"> & { readonly updatedAt: string };

/** The types of its key and value are its caller's promise. */
export function entryOf<V, K extends string>(answered: AnsweredEntry): Entry<V, K> {
  const { createdAt, updatedAt, expiresAt } = answered;
  return {
    ...answered,
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  } as Entry<V, K>;
}

export function namespaceOf(answered: AnsweredNamespace): NamespaceInfo {
  return { ...answered, updatedAt: new Date(answered.updatedAt) };
}
