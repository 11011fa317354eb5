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

/** Results are read in the order in which they are wanted: mostly the first few. */
const searchPageSize = 20;

/** Which namespaces. */
export interface NamespacesOptions extends CallOptions {
  /** Only names that begin with this. Default: all that the token covers. */
  readonly namespacePrefix?: string | undefined;
  /** Only names whose last segments are these; `"*"` is any one segment. Default: any. */
  readonly suffix?: readonly string[] | undefined;
  /**
   * Only names of these segments, such as `["users", "*", "memories"]`. `"*"` is any one segment; `"**"`, once, any number
   * of them. Default: any.
   */
  readonly segments?: readonly string[] | undefined;
  /**
   * Cuts names after so many segments, and lists each result once. It stands for all namespaces that are cut to it.
   * Default: names are whole.
   */
  readonly depth?: number | undefined;
  /** What segments of a name lie between. Default: `":"`. */
  readonly delimiter?: string | undefined;
}

/** How a document of the caller's own is sent. */
export interface GraphqlOptions extends CallOptions {
  /**
   * Whether the operation is tried again while the server can't be reached. Default: when it is a query. Say true of a
   * mutation that carries an `idempotencyKey`.
   */
  readonly isRepeatable?: boolean | undefined;
}

/**
 * A user's store, as one agent reaches it. It opens no connection before it is used, and holds none but for watches,
 * waits and claims; `close`, or `await using`, ends those.
 *
 * Every call takes a `signal`, and rejects with a `BatonError` of the code's class. Reads are tried again while the
 * server can't be reached; writes are, too, as each carries an idempotency key. A token that may only write can use
 * `delete`, `clear` and `graphql`: the other writes answer with the entry, which needs the scope `read`.
 */
export class DataStore implements AsyncDisposable {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * A group of keys. Namespaces need not be made: one exists while it holds an entry. With a type, keys and values are
   * checked by it.
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
   * The namespaces, sorted by name in the byte order of their UTF-8.
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
   * The names of the namespaces, in the same order, page by page as they are asked for. What they hold is not read, so
   * that many cost little.
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
   * Deletes every entry of all namespaces that begin with a prefix, all at once, and returns how many there were. `""`
   * is every namespace. One namespace is cleared by its own `clear`: a prefix means those with longer names, too.
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
   * Several writes, across namespaces, all or none. The function says what is to be done; it is sent when it returns.
   *
   * @throws ConflictError when something required does not hold; nothing is written then
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
   * Every matching change, across namespaces. As `Namespace.watch`.
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
   * The entries that have a text in their key, or in a string of their value, the last written first. Upper and lower
   * case are the same; no character is a wildcard. The text has three characters at least.
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
   * Who is asking, what it may do, and how much.
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
   * How much the store holds. All of it is counted.
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
   * Sends a query or mutation of your own and returns its data.
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
        "A subscription has no one answer. Follow changes by `watch`.",
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
   * Ends it: watches end, waits and calls under way reject, claims are renewed no more.
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
   * As `close`, at the end of the block that holds it.
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
 * A user's store, as one agent reaches it. Nothing is sent yet.
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
