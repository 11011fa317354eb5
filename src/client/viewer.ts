import type { Revision } from "./entry.ts";

/** Limits on requests. Each is an option of the server. */
export interface Limits {
  /** Maximum size of a key, in bytes of UTF-8. */
  readonly maxKeyBytes: number;
  /** Maximum size of a namespace's name, in bytes of UTF-8. */
  readonly maxNamespaceBytes: number;
  /** Maximum size of an agent's name, in bytes of UTF-8. */
  readonly maxAgentBytes: number;
  /** Maximum size of a value as JSON, in bytes. */
  readonly maxValueBytes: number;
  /** Maximum nesting depth of JSON. */
  readonly maxValueDepth: number;
  /** Maximum size of an entry's metadata as JSON, in bytes. */
  readonly maxMetadataBytes: number;
  /** Maximum number of keys of `setMany`, and of operations and requirements of `transact`. */
  readonly maxBatchOperations: number;
  /** Maximum number of namespaces that `DataStore.clear` clears in one call. */
  readonly maxClearedNamespaces: number;
  /** Maximum lease of a claim, in seconds. */
  readonly maxLeaseSeconds: number;
  /** Maximum time that one request waits, in seconds. `waitFor` sends as many requests as it needs. */
  readonly maxAwaitSeconds: number;
  /** Maximum size of a request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Maximum size of the entries that one call loads or writes, in bytes. */
  readonly maxResponseBytes: number;
}

/** The permissions of a token in some namespaces. */
export interface Grant {
  /** The permissions. */
  readonly scopes: readonly ("READ" | "WRITE" | "CLAIM" | "ADMIN")[];
  /** A namespace, or a prefix followed by `*`. `*` alone matches every namespace. */
  readonly namespacePattern: string;
}

/** The authenticated caller, its permissions and its limits. */
export interface Viewer {
  /** Owner of the store. */
  readonly user: string;
  /** The agent name that changes are recorded under. Null if neither the token nor the caller gives one. */
  readonly agent: string | null;
  /** The scopes of all grants of the token. A scope can be limited to some namespaces: see `grants`. */
  readonly scopes: Grant["scopes"];
  /** The namespaces that the token covers with any scope: names, or prefixes followed by `*`. */
  readonly namespacePatterns: readonly string[];
  /** The grants of the token: scopes, each with the namespaces that it applies to. */
  readonly grants: readonly Grant[];
  /** Revision of the latest change; `"0"` before the first. */
  readonly headRevision: Revision;
  /**
   * The epoch of the revisions. It changes when a backup is restored. If you store a revision, store the epoch with it.
   */
  readonly epoch: string;
  /** Limits on requests. */
  readonly limits: Limits;
}

/** The amount of data in the namespaces that the token covers. */
export interface Usage {
  /** Number of entries. */
  readonly entryCount: number;
  /** Number of namespaces. */
  readonly namespaceCount: number;
  /** Bytes of the entries' keys, values and metadata. */
  readonly sizeBytes: number;
}
