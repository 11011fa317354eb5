/**
 * Position of a change in its user's log: 1, 2, 3 … without holes, as a decimal string, because it can have 64 bits.
 * Compare revisions as `BigInt(revision)`.
 */
export type Revision = string;

/** A key with its value, metadata, revision and times. */
export interface Entry<V = unknown, K extends string = string> {
  /** The group of keys it belongs to. */
  readonly namespace: string;
  /** The name of the entry, unique within the namespace. */
  readonly key: K;
  /** The JSON value. */
  readonly value: V;
  /** A JSON object about the value. A write that has metadata merges its members into this object. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Revision of the last change to the entry. Use it as `ifRevision` of a write, or as `after` of a watch. */
  readonly revision: Revision;
  /** Revision of the change that created the entry. A set after a delete creates a new entry. */
  readonly createdRevision: Revision;
  /** When it was created, by the database's clock. */
  readonly createdAt: Date;
  /** When it was written last, by the database's clock. */
  readonly updatedAt: Date;
  /** The agent that created the entry. Null if the caller gave no name. */
  readonly createdBy: string | null;
  /** The agent that last wrote the entry. Null if the caller gave no name. */
  readonly updatedBy: string | null;
  /** When the entry expires, by the database's clock. Null if it never expires. */
  readonly expiresAt: Date | null;
  /** Bytes of its key, value and metadata as stored. */
  readonly sizeBytes: number;
}

/** A group of keys. It exists while it holds an entry. */
export interface NamespaceInfo {
  /** Its name. */
  readonly name: string;
  /** How many entries it holds. */
  readonly entryCount: number;
  /** Bytes of its entries' keys, values and metadata. */
  readonly sizeBytes: number;
  /** When one of its entries was last written. */
  readonly updatedAt: Date;
  /** The agents that created or last wrote one of its entries, sorted; at most 100. */
  readonly agents: readonly string[];
}

/** An entry as GraphQL returns it: times are strings. */
export type AnsweredEntry = Omit<Entry, "createdAt" | "updatedAt" | "expiresAt"> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
};

/** A namespace as GraphQL returns it. */
export type AnsweredNamespace = Omit<NamespaceInfo, "updatedAt"> & { readonly updatedAt: string };

/** Converts an entry from its GraphQL form. The types of the key and value are not checked. */
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
