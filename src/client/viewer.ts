import type { Revision } from "./entry.ts";

/** How much a caller may send and ask for; each is an option of the server. */
export interface Limits {
  /** Bytes of UTF-8 that a key may have. */
  readonly maxKeyBytes: number;
  /** Bytes of UTF-8 that a namespace may have. */
  readonly maxNamespaceBytes: number;
  /** Bytes of UTF-8 that an agent's name may have. */
  readonly maxAgentBytes: number;
  /** Bytes that a value may have as JSON. */
  readonly maxValueBytes: number;
  /** How deep JSON may be nested. */
  readonly maxValueDepth: number;
  /** Bytes that an entry's metadata may have as JSON. */
  readonly maxMetadataBytes: number;
  /** How many keys `setMany` may set, and how many operations and requirements `transact` may have. */
  readonly maxBatchOperations: number;
  /** How many namespaces `DataStore.clear` may clear. */
  readonly maxClearedNamespaces: number;
  /** The longest lease of a claim. */
  readonly maxLeaseSeconds: number;
  /** The longest that one request may wait; `waitFor` makes as many as it needs. */
  readonly maxAwaitSeconds: number;
  /** Bytes that a request may have. */
  readonly maxBodyBytes: number;
  /** Bytes of entries that one call may load or write. */
  readonly maxResponseBytes: number;
}

/** Who is asking, and what it may do. */
export interface Viewer {
  /** Owner of the store. */
  readonly user: string;
  /** The name its changes are recorded under; null where neither token nor caller says one. */
  readonly agent: string | null;
  /** What its token may do in some namespace. */
  readonly scopes: readonly ("READ" | "WRITE" | "CLAIM" | "ADMIN")[];
  /** The namespaces its token covers: names, or prefixes followed by `*`. */
  readonly namespacePatterns: readonly string[];
  /** Revision of the latest change; `"0"` before the first. */
  readonly headRevision: Revision;
  /** The history that revisions are of: another one after a backup was restored. Keep it with a revision that is stored. */
  readonly epoch: string;
  /** How much it may send and ask for. */
  readonly limits: Limits;
}

/** What the store holds, as far as the token covers it. */
export interface Usage {
  /** Entries. */
  readonly entryCount: number;
  /** Namespaces. */
  readonly namespaceCount: number;
  /** Bytes of the entries' keys, values and metadata. */
  readonly sizeBytes: number;
}
