import { Connection, type CallOptions } from "./connection.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { Change } from "./change.ts";
import {
  clearNamespacesDocument,
  namespaceNamesDocument,
  namespacesDocument,
  searchDocument,
  transactDocument,
  usageDocument,
  viewerDocument,
} from "./documents.ts";
import { beginsWithSubscription } from "./begins-with-subscription.ts";
import { entryOf, namespaceOf, type NamespaceInfo, type Revision } from "./entry.ts";
import { badUserInput } from "./errors.ts";
import { requireJson } from "./json.ts";
import { Namespace } from "./namespace.ts";
import { all, atMost, items } from "./pages.ts";
import {
  resultOf,
  transactionInput,
  type AnsweredResult,
  type Transaction,
  type TransactResult,
} from "./transaction.ts";
import type { AnsweredSearchResult, SearchOptions, SearchResult } from "./search.ts";
import type { Usage, Viewer } from "./viewer.ts";
import { watch, type StoreWatchOptions } from "./watch.ts";
import { mutate } from "./writes.ts";

/** A small page: most callers read only the first few results. */
const searchPageSize = 20;

/** Selects namespaces. */
export interface NamespacesOptions extends CallOptions {
  /** Only names that begin with this prefix. Default: all that the token covers. */
  readonly namespacePrefix?: string | undefined;
  /** Only names that end with these segments. `"*"` matches any one segment. Default: any. */
  readonly suffix?: readonly string[] | undefined;
  /**
   * Only names with these segments, such as `["users", "*", "memories"]`. `"*"` matches any one segment. `"**"` matches
   * any number of segments, and can occur once. Default: any.
   */
  readonly segments?: readonly string[] | undefined;
  /**
   * Truncates names to this number of segments, and lists each truncated name once. Default: whole names.
   */
  readonly depth?: number | undefined;
  /** The separator between the segments of a name. Default: `":"`. */
  readonly delimiter?: string | undefined;
}

/** Options of `DataStore.graphql`. */
export interface GraphqlOptions extends CallOptions {
  /**
   * Whether the operation is retried while the server is unreachable. Set it to true for a mutation that carries an
   * `idempotencyKey`. Default: true for a query, false for a mutation.
   */
  readonly isRepeatable?: boolean | undefined;
}

/**
 * A client of one user's store. It connects on first use. Only watches, waits and claims keep a connection; `close`, or
 * `await using`, ends them.
 *
 * Every call accepts a `signal`, and rejects with the subclass of `BatonError` for the error code. Reads are retried
 * while the server is unreachable. Writes are retried, too: each carries an idempotency key, so that it happens once. A
 * token with only the scope `write` can use `delete`, `clear` and `graphql`. The other writes return the entry, which
 * needs the scope `read`.
 */
export class DataStore implements AsyncDisposable {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Returns a namespace: a group of keys. You do not create it; it exists while it holds an entry. With a type
   * argument, the compiler checks keys and values.
   *
   * @param name default: `"default"`
   * @example
   * ```ts
   * const jobs = store.namespace<{ raw: string; meta: { n: number } }>("pipeline:job-123");
   * ```
   */
  // eslint-disable-next-line typescript/no-explicit-any
  namespace<T extends object = Record<string, any>>(name = "default"): Namespace<T> {
    return new Namespace(this.#connection, name);
  }

  /**
   * Returns the namespaces, sorted by the UTF-8 bytes of their names.
   *
   * @example
   * ```ts
   * for (const { name, entryCount } of await store.namespaces({ namespacePrefix: "pipeline:" })) console.log(name, entryCount);
   * ```
   */
  async namespaces({ signal, ...variables }: NamespacesOptions = {}): Promise<NamespaceInfo[]> {
    const operation = { document: namespacesDocument, variables };
    return all(items(this.#connection, operation, namespaceOf, { signal }));
  }

  /**
   * Yields the names of the namespaces in the same order, and reads pages on demand. It does not read the entries, so
   * it is cheap for many namespaces.
   *
   * @example
   * ```ts
   * for await (const name of store.namespaceNames({ segments: ["users", "**"], depth: 2 })) console.log(name);
   * ```
   */
  namespaceNames({ signal, ...variables }: NamespacesOptions = {}): AsyncGenerator<string, void> {
    const operation = { document: namespaceNamesDocument, variables };
    return items(this.#connection, operation, ({ name }: { readonly name: string }) => name, {
      signal,
    });
  }

  /**
   * Deletes every entry of all namespaces whose names begin with a prefix, in one step. Returns the number of deleted
   * entries. `""` clears every namespace. The prefix also matches longer names; to clear a single namespace, use
   * `Namespace.clear`.
   *
   * @example
   * ```ts
   * await store.clear("pipeline:job-123:"); // pipeline:job-123:raw, pipeline:job-123:parsed …
   * ```
   */
  async clear(namespacePrefix: string, options: CallOptions = {}): Promise<number> {
    const { clearedCount } = await mutate<{ clearedCount: number }>(
      this.#connection,
      clearNamespacesDocument,
      { namespacePrefix },
      options,
    );
    return clearedCount;
  }

  /**
   * Makes several writes, across namespaces, in one transaction. The function adds the operations. They are sent when
   * it returns.
   *
   * @throws ConflictError if a requirement does not hold; then nothing is written
   * @example
   * ```ts
   * await store.transact((t) => {
   *   t.in(jobs).require("owner", { exists: false });
   *   t.in(jobs).set("owner", "planner");
   *   t.in("stats").increment("planned");
   * });
   * ```
   */
  async transact(
    describe: (transaction: Transaction) => void | Promise<void>,
    options: CallOptions = {},
  ): Promise<TransactResult> {
    const input = await transactionInput(describe);
    const { revision, results } = await mutate<{
      readonly revision: Revision;
      readonly results: readonly AnsweredResult[];
    }>(this.#connection, transactDocument, input, options);
    return { revision, results: results.map(resultOf) };
  }

  /**
   * Yields every matching change, across namespaces. Otherwise the same as `Namespace.watch`.
   *
   * @example
   * ```ts
   * for await (const change of store.watch({ namespacePrefix: "pipeline:", snapshot: true })) {
   *   console.log(change.kind, change.namespace, change.key);
   * }
   * ```
   */
  watch(options: StoreWatchOptions = {}): AsyncGenerator<Change, void> {
    return watch(this.#connection, options);
  }

  /**
   * Yields the entries that contain a text in their key or in a string of their value, the most recently written first.
   * The search ignores case and has no wildcards. The text must have at least three characters.
   *
   * @example
   * ```ts
   * for await (const { entry, snippet } of store.search("token refresh", { namespacePrefix: "repo-7:", limit: 20 })) {
   *   console.log(entry.namespace, entry.key, snippet);
   * }
   * ```
   */
  search(
    text: string,
    { namespacePrefix, limit = Infinity, signal }: SearchOptions = {},
  ): AsyncGenerator<SearchResult, void> {
    const variables = { text, namespacePrefix, first: Math.min(limit, searchPageSize) };
    const found = items(
      this.#connection,
      { document: searchDocument, variables },
      ({ entry, ...match }: AnsweredSearchResult) => ({ entry: entryOf(entry), ...match }),
      { signal },
    );
    return atMost(limit, found);
  }

  /**
   * Returns the caller's user, agent name, permissions and limits.
   *
   * @example
   * ```ts
   * const { user, headRevision } = await store.viewer();
   * ```
   */
  async viewer(options: CallOptions = {}): Promise<Viewer> {
    const { viewer } = await this.#connection.call<{ viewer: Viewer }>(
      { document: viewerDocument },
      options,
    );
    this.#connection.epoch = viewer.epoch;
    return viewer;
  }

  /**
   * Returns how much the store holds. The server counts all entries for this call.
   *
   * @example
   * ```ts
   * const { entryCount } = await store.usage();
   * ```
   */
  async usage(options: CallOptions = {}): Promise<Usage> {
    const { viewer } = await this.#connection.call<{ viewer: { usage: Usage } }>(
      { document: usageDocument },
      options,
    );
    return viewer.usage;
  }

  /**
   * Sends your own query or mutation and returns its data.
   *
   * @example
   * ```ts
   * const { entry } = await store.graphql<{ entry: { sizeBytes: number } | null }>(
   *   "query ($key: String!) { entry(key: $key) { sizeBytes } }",
   *   { key: "raw" },
   * );
   * ```
   */
  async graphql<D>(
    document: string,
    variables: Readonly<Record<string, unknown>> = {},
    { signal, isRepeatable = !/\bmutation\b/.test(document) }: GraphqlOptions = {},
  ): Promise<D> {
    if (beginsWithSubscription(document)) {
      throw badUserInput(
        "document",
        "A subscription has more than one result. Use `watch` to follow changes.",
      );
    }
    const operation = {
      document,
      variables: requireJson("variables", variables),
      call: "graphql",
    };
    return this.#connection.call<D>(operation, { signal, isRepeatable });
  }

  /**
   * Closes the store. Watches end, waits and calls in progress reject, and claims are no longer renewed.
   *
   * @example
   * ```ts
   * store.close();
   * ```
   */
  close(): void {
    this.#connection.close();
  }

  /**
   * Closes the store at the end of the block.
   *
   * @example
   * ```ts
   * await using store = createDataStore();
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/**
 * Creates a client of a user's store. It sends nothing before the first call.
 *
 * @example
 * ```ts
 * const store = createDataStore({ url: "http://127.0.0.1:4000", token, agent: "parser" });
 * await store.namespace("pipeline:job-123").set("raw", data);
 * ```
 */
export function createDataStore(options: ConnectionOptions = {}): DataStore {
  return new DataStore(new Connection(options));
}
