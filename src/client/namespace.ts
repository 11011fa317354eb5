import { changeOf, type AnsweredChange, type Change } from "./change.ts";
import type { Claim, ClaimOptions } from "./claim.ts";
import { claimNext } from "./claim-next.ts";
import { deadLetterOf, type AnsweredDeadLetter, type DeadLetter } from "./dead-letter.ts";
import type { CallOptions, Connection } from "./connection.ts";
import {
  appendToEntryDocument,
  clearNamespaceDocument,
  createEntryDocument,
  deleteEntriesDocument,
  deleteEntryDocument,
  entriesDocument,
  entryDocument,
  deadLettersDocument,
  historyDocument,
  incrementEntryDocument,
  keysDocument,
  namespaceDocument,
  patchEntryDocument,
  reopenEntryDocument,
  requeueEntryDocument,
  setEntriesDocument,
  setEntryDocument,
  valueDocument,
} from "./documents.ts";
import {
  entryOf,
  namespaceOf,
  type AnsweredEntry,
  type AnsweredNamespace,
  type Entry,
  type NamespaceInfo,
  type Revision,
} from "./entry.ts";
import type { KeyOf, KeyWith, ValueWith } from "./keys.ts";
import { all, items, pageSize } from "./pages.ts";
import { updateEntry, type UpdateOptions } from "./update-entry.ts";
import type {
  ContainerKeyOf,
  ItemOf,
  ListKeyOf,
  Metadata,
  NumberKeyOf,
  PatchOf,
  Stored,
  StoredKeyOf,
  StoredMembers,
  StoredResult,
} from "./value-types.ts";
import { waitFor, type WaitOptions } from "./wait-for.ts";
import { watch, type WatchOptions } from "./watch.ts";
import { whereInput, type WhereOptions } from "./where.ts";
import {
  appendInput,
  incrementInput,
  mutate,
  patchInput,
  setInput,
  writeEntry,
  type AppendOptions,
  type ConditionalWriteOptions,
  type IncrementOptions,
  type WriteOptions,
} from "./writes.ts";

/** Selects keys. */
export interface PrefixOptions<P extends string = string> extends CallOptions {
  /** Only keys that begin with this prefix. Default: every key. */
  readonly keyPrefix?: P | undefined;
}

/** Selects the state of the store to read. */
export interface AsOfOptions extends CallOptions {
  /**
   * Read the state as of this revision. The log must still contain it. Entries are then always sorted by key. Default:
   * the current state.
   */
  readonly at?: Revision | undefined;
  /** Read a state that includes this revision, such as that of a write on another server. Default: any state. */
  readonly atLeast?: Revision | undefined;
}

/** Selects entries and their order. */
export interface EntriesOptions<P extends string = string>
  extends PrefixOptions<P>, WhereOptions, AsOfOptions {
  /**
   * `"KEY_ASC"`: by the UTF-8 bytes of the key. `"CREATED_AT_DESC"`, `"CREATED_AT_ASC"`: by creation time, the newest
   * or the oldest first. A later write of an entry does not change its place. Default: `"KEY_ASC"`.
   */
  readonly orderBy?: "KEY_ASC" | "CREATED_AT_ASC" | "CREATED_AT_DESC" | undefined;
}

/** Options of `Namespace.create`. */
export interface CreateOptions<P extends string = string> extends WriteOptions {
  /** The prefix of the key, such as `event:`. Default: none. */
  readonly keyPrefix?: P | undefined;
}

/** Options of `Namespace.history`. */
export interface HistoryOptions extends CallOptions, WhereOptions {
  /** `"REVISION_ASC"`: the oldest first. `"REVISION_DESC"`: the newest first. Default: `"REVISION_ASC"`. */
  readonly orderBy?: "REVISION_ASC" | "REVISION_DESC" | undefined;
}

/**
 * A group of keys. With a type argument, the compiler checks keys and values:
 *
 * ```ts
 * interface Jobs {
 *   raw: string;
 *   meta: { completed: number };
 *   [task: `task:${string}`]: { file: string };
 * }
 * const jobs = store.namespace<Jobs>("pipeline:job-123");
 * ```
 *
 * Nothing checks the type at run time: another agent can store other values.
 */
// eslint-disable-next-line typescript/no-explicit-any
export class Namespace<T extends object = Record<string, any>> {
  /** The name of the namespace. */
  readonly name: string;
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.name = name;
  }

  /**
   * Returns the value of a key, or undefined if it does not exist.
   *
   * @example
   * ```ts
   * const raw = await jobs.get("raw");
   * ```
   */
  async get<K extends KeyOf<T>>(
    key: K,
    { at, atLeast, signal }: AsOfOptions = {},
  ): Promise<T[K] | undefined> {
    const { entry } = await this.#connection.call<{ entry: { value: T[K] } | null }>(
      { document: valueDocument, variables: { namespace: this.name, key, at, atLeast } },
      { signal },
    );
    return entry?.value;
  }

  /**
   * Returns the entry of a key: its value, revision, times and metadata. Returns undefined if it does not exist.
   *
   * @example
   * ```ts
   * const entry = await jobs.entry("raw");
   * console.log(entry?.value, entry?.revision, entry?.updatedBy);
   * ```
   */
  async entry<K extends KeyOf<T>>(
    key: K,
    { at, atLeast, signal }: AsOfOptions = {},
  ): Promise<Entry<T[K], K> | undefined> {
    const { entry } = await this.#connection.call<{ entry: AnsweredEntry | null }>(
      { document: entryDocument, variables: { namespace: this.name, key, at, atLeast } },
      { signal },
    );
    return entry === null ? undefined : entryOf(entry);
  }

  /**
   * Sets a key to a value and returns the revision of the change. It replaces the value and the expiry, and merges the
   * metadata.
   *
   * @throws ConflictError if `ifRevision` does not hold; then nothing is written
   * @example
   * ```ts
   * await jobs.set("raw", data, { metadata: { format: "csv" }, ttlSeconds: 3_600 });
   * ```
   */
  set<K extends StoredKeyOf<T>, M extends Metadata = Metadata>(
    key: K,
    value: T[K],
    options?: ConditionalWriteOptions<M>,
  ): Promise<Revision>;
  // The compiler reports the error of the last signature.
  set<K extends KeyOf<T>, Given extends T[K] = T[K], M extends Metadata = Metadata>(
    key: K,
    value: Stored<T[K], Given>,
    options?: ConditionalWriteOptions<M>,
  ): Promise<Revision>;
  async set(key: string, value: unknown, options: ConditionalWriteOptions = {}): Promise<Revision> {
    const { entry } = await mutate<{ entry: { revision: Revision } }>(
      this.#connection,
      setEntryDocument,
      { namespace: this.name, key, ...setInput(value, options) },
      options,
    );
    return entry.revision;
  }

  /**
   * Deletes a key. Returns whether it existed.
   *
   * @throws ConflictError if `ifRevision` does not hold; then nothing is deleted
   * @example
   * ```ts
   * await jobs.delete("raw");
   * ```
   */
  async delete(
    key: KeyOf<T>,
    options: Pick<ConditionalWriteOptions, "ifRevision" | "signal"> = {},
  ): Promise<boolean> {
    const { deleted } = await mutate<{ deleted: boolean }>(
      this.#connection,
      deleteEntryDocument,
      { namespace: this.name, key, ifRevision: options.ifRevision },
      options,
    );
    return deleted;
  }

  /**
   * Deletes several keys in one step, and returns those that existed.
   *
   * @example
   * ```ts
   * const { length } = await jobs.deleteMany(["task:1", "task:2"]);
   * ```
   */
  async deleteMany<K extends KeyOf<T>>(
    keys: readonly K[],
    options: CallOptions = {},
  ): Promise<K[]> {
    const { deletedKeys } = await mutate<{ deletedKeys: K[] }>(
      this.#connection,
      deleteEntriesDocument,
      { namespace: this.name, keys },
      options,
    );
    return deletedKeys;
  }

  /**
   * Adds an entry with a key that the server generates from the prefix and the revision. These keys sort in the order
   * in which the entries were added, also with many writers.
   *
   * @example
   * ```ts
   * const { key } = await events.create({ kind: "parsed" }, { keyPrefix: "event:" });
   * ```
   */
  async create<P extends string = "">(
    value: ValueWith<T, P>,
    options: CreateOptions<P> = {},
  ): Promise<Entry<ValueWith<T, P>, KeyWith<T, P>>> {
    const { keyPrefix = "", metadata, ttlSeconds } = options;
    const input = { namespace: this.name, keyPrefix, ...setInput(value, { metadata, ttlSeconds }) };
    return writeEntry(this.#connection, createEntryDocument, input, options);
  }

  /**
   * Returns the keys, sorted by their UTF-8 bytes.
   *
   * @example
   * ```ts
   * const tasks = await jobs.keys({ keyPrefix: "task:" });
   * ```
   */
  async keys<P extends string = "">({ keyPrefix, signal }: PrefixOptions<P> = {}): Promise<
    KeyWith<T, P>[]
  > {
    const variables = { namespace: this.name, keyPrefix };
    return all(
      items(
        this.#connection,
        { document: keysDocument, variables },
        ({ key }: { readonly key: KeyWith<T, P> }) => key,
        { signal },
      ),
    );
  }

  /**
   * Yields the entries, sorted by key or as `orderBy` specifies, and reads pages on demand.
   *
   * @example
   * ```ts
   * for await (const entry of jobs.entries({ keyPrefix: "task:" })) console.log(entry.key, entry.value);
   * const isOpen = { path: "/state", op: "EQ", value: "open" } as const;
   * for await (const entry of jobs.entries({ where: [isOpen] })) console.log(entry.key);
   * ```
   */
  entries<P extends string = "">({
    keyPrefix,
    orderBy,
    where,
    at,
    atLeast,
    signal,
  }: EntriesOptions<P> = {}): AsyncGenerator<Entry<ValueWith<T, P>, KeyWith<T, P>>, void> {
    const selection = { keyPrefix, orderBy, where: whereInput(where), at, atLeast };
    const variables = { namespace: this.name, ...selection };
    return items(
      this.#connection,
      { document: entriesDocument, variables },
      (answered: AnsweredEntry) => entryOf(answered),
      { signal },
    );
  }

  /**
   * Returns all keys and values as one object. The size of a namespace has no limit; for a large one, use `entries`.
   *
   * @example
   * ```ts
   * const { raw, meta } = await jobs.getAll();
   * ```
   */
  async getAll(options: PrefixOptions = {}): Promise<Partial<T>> {
    const values: [string, unknown][] = [];
    for await (const { key, value } of this.entries(options)) values.push([key, value]);
    return Object.fromEntries(values) as Partial<T>;
  }

  /**
   * Returns the values of several keys as one object. It omits keys that do not exist.
   *
   * @example
   * ```ts
   * const { raw, meta } = await jobs.getMany(["raw", "meta"]);
   * ```
   */
  async getMany<K extends KeyOf<T>>(
    keys: readonly K[],
    { signal }: CallOptions = {},
  ): Promise<Partial<Pick<T, K>>> {
    const values: (readonly [string, unknown])[] = [];
    for (let at = 0; at < keys.length; at += pageSize) {
      const variables = { namespace: this.name, keys: keys.slice(at, at + pageSize) };
      const page = items(
        this.#connection,
        { document: entriesDocument, variables, call: "getMany" },
        ({ key, value }: AnsweredEntry) => [key, value] as const,
        { signal },
      );
      values.push(...(await all(page)));
    }
    return Object.fromEntries(values) as Partial<Pick<T, K>>;
  }

  /**
   * Sets several keys in one step, and returns the revision of each. The options apply to every key.
   *
   * @example
   * ```ts
   * await jobs.setMany({ raw: data, meta: { completed: 0 } });
   * ```
   */
  setMany<V extends Partial<T>, M extends Metadata = Metadata>(
    values: StoredMembers<T, V>,
    options?: WriteOptions<M>,
  ): Promise<{ [K in keyof V]: Revision }>;
  async setMany(values: object, options: WriteOptions = {}): Promise<Record<string, Revision>> {
    const { entries } = await mutate<{ entries: { key: string; revision: Revision }[] }>(
      this.#connection,
      setEntriesDocument,
      {
        namespace: this.name,
        entries: Object.entries(values).map(([key, value]) => ({
          key,
          ...setInput(value, options),
        })),
      },
      options,
    );
    return Object.fromEntries(entries.map(({ key, revision }) => [key, revision]));
  }

  /**
   * Deletes every entry of the namespace in one change. Returns the number of deleted entries.
   *
   * @example
   * ```ts
   * const count = await jobs.clear();
   * ```
   */
  async clear(options: CallOptions = {}): Promise<number> {
    const { clearedCount } = await mutate<{ clearedCount: number }>(
      this.#connection,
      clearNamespaceDocument,
      { namespace: this.name },
      options,
    );
    return clearedCount;
  }

  /**
   * Sets a key to the result of a function. The function receives the current value and entry, which are undefined if
   * the key does not exist. If another agent writes the key at the same time, the function is called again with the new
   * value, so that no write is lost. To add, merge or append, use `increment`, `patch` or `append`: they need no loop.
   * As with `set`, the entry has no expiry unless `ttlSeconds` is given.
   *
   * @throws ConflictError if every one of `attempts` attempts met another write
   * @example
   * ```ts
   * await jobs.update("meta", (meta) => ({ ...meta, n: (meta?.n ?? 0) + 1 }));
   * ```
   */
  update<K extends StoredKeyOf<T>, M extends Metadata = Metadata>(
    key: K,
    change: (value: T[K] | undefined, entry: Entry<T[K], K> | undefined) => T[K] | Promise<T[K]>,
    options?: UpdateOptions<M>,
  ): Promise<Entry<T[K], K>>;
  update<
    K extends KeyOf<T>,
    Given extends T[K] | Promise<T[K]> = T[K],
    M extends Metadata = Metadata,
  >(
    key: K,
    change: (
      value: T[K] | undefined,
      entry: Entry<T[K], K> | undefined,
    ) => StoredResult<T[K], Given>,
    options?: UpdateOptions<M>,
  ): Promise<Entry<T[K], K>>;
  async update<K extends KeyOf<T>>(
    key: K,
    change: (value: T[K] | undefined, entry: Entry<T[K], K> | undefined) => unknown,
    options: UpdateOptions = {},
  ): Promise<Entry<T[K], K>> {
    const place = { namespace: this.name, key };
    const read = () => this.entry(key, options);
    return updateEntry(this.#connection, place, { read, change }, options);
  }

  /**
   * Adds to a number, or to a number inside an object, in one step. A missing number counts as 0.
   *
   * @throws BadUserInputError if the existing value is not a number
   * @example
   * ```ts
   * const { value } = await jobs.increment("meta", { path: "/completed" });
   * ```
   */
  increment<K extends NumberKeyOf<T>, M extends Metadata = Metadata>(
    key: K,
    options?: IncrementOptions<M>,
  ): Promise<Entry<T[K], K>>;
  increment<K extends ContainerKeyOf<T>, M extends Metadata = Metadata>(
    key: K,
    options: IncrementOptions<M> & { readonly path: string },
  ): Promise<Entry<T[K], K>>;
  async increment<K extends KeyOf<T>>(
    key: K,
    options: IncrementOptions = {},
  ): Promise<Entry<T[K], K>> {
    const input = { namespace: this.name, key, ...incrementInput(options) };
    return writeEntry(this.#connection, incrementEntryDocument, input, options);
  }

  /**
   * Merges a patch into a value in one step, by JSON Merge Patch (RFC 7396). Objects are merged at every level, and
   * null removes a member.
   *
   * @example
   * ```ts
   * await jobs.patch("meta", { phase: "parse", error: null });
   * ```
   */
  async patch<K extends KeyOf<T>, Given = unknown, M extends Metadata = Metadata>(
    key: K,
    patch: PatchOf<T[K], Given>,
    options: ConditionalWriteOptions<M> = {},
  ): Promise<Entry<T[K], K>> {
    const input = { namespace: this.name, key, ...patchInput(patch, options) };
    return writeEntry(this.#connection, patchEntryDocument, input, options);
  }

  /**
   * Appends to an array in one step. Creates the array if the key does not exist.
   *
   * @throws BadUserInputError if the existing value is not an array
   * @example
   * ```ts
   * await jobs.append("recent", "file-17", { maxLength: 100 });
   * ```
   */
  async append<K extends ListKeyOf<T>, Given = unknown, M extends Metadata = Metadata>(
    key: K,
    item: ItemOf<T[K], Given>,
    options: AppendOptions<M> = {},
  ): Promise<Entry<T[K], K>> {
    const input = { namespace: this.name, key, ...appendInput(item, options) };
    return writeEntry(this.#connection, appendToEntryDocument, input, options);
  }

  /**
   * Waits for a key and returns its entry. If the key exists, it returns immediately. With `after`, it waits for a
   * later revision.
   *
   * @throws TimeoutError if the entry does not arrive within `timeoutMs`
   * @example
   * ```ts
   * const { value } = await handoff.waitFor("data-ready", { timeoutMs: 60_000 });
   * ```
   */
  async waitFor<K extends KeyOf<T>>(key: K, options: WaitOptions = {}): Promise<Entry<T[K], K>> {
    return entryOf(await waitFor(this.#connection, { namespace: this.name, key }, options));
  }

  /**
   * Yields every matching change, each once, in the order of the log, until the reader stops. After a lost connection,
   * it resumes without a gap. It begins when the first change is requested. To receive earlier changes, use `snapshot`
   * or `after`. While it reads the snapshot, the watch keeps the keys in memory. If its signal aborts, it rejects with
   * the reason. If the store is closed, it ends.
   *
   * @throws RevisionCompactedError if the log no longer reaches back to the revision to resume from
   * @example
   * ```ts
   * for await (const change of jobs.watch({ keyPrefix: "task:", snapshot: true })) { if (change.kind === "CAUGHT_UP")
   *   console.log("snapshot complete; later changes follow"); if (change.entry) console.log(change.key,
   *   change.entry.value); }
   * ```
   */
  watch<P extends string = "", K extends KeyWith<T, P> = KeyWith<T, P>>(
    options: WatchOptions<K, P> = {},
  ): AsyncGenerator<Change<T[K], K>, void> {
    return watch(this.#connection, { ...options, namespace: this.name }) as AsyncGenerator<
      Change<T[K], K>,
      void
    >;
  }

  /**
   * Yields the changes of a key that the log still contains, each with the entry as it was then. The oldest is first,
   * unless `orderBy` specifies otherwise.
   *
   * @example
   * ```ts
   * for await (const change of jobs.history("raw")) console.log(change.revision, change.entry?.value);
   * ```
   */
  history<K extends KeyOf<T>>(
    key: K,
    { orderBy, where, signal }: HistoryOptions = {},
  ): AsyncGenerator<Change<T[K], K>, void> {
    const variables = { namespace: this.name, key, orderBy, where: whereInput(where) };
    return items(
      this.#connection,
      { document: historyDocument, variables },
      (answered: AnsweredChange) => changeOf(answered) as Change<T[K], K>,
      { signal },
    );
  }

  /**
   * Claims the next free entry, in the order of the keys, for this worker only. Returns undefined if no entry becomes
   * free within `waitMs`. An entry is free if it is not claimed, completed, delayed or dead-lettered. If a worker dies,
   * its entry is free again when the lease ends.
   *
   * @example
   * ```ts
   * const task = await work.claim({ keyPrefix: "task:", leaseSeconds: 60 });
   * if (task) await task.complete(await parse(task.value, task.signal));
   * ```
   */
  async claim<P extends string = "">(
    options: ClaimOptions<P> = {},
  ): Promise<Claim<ValueWith<T, P>, KeyWith<T, P>> | undefined> {
    return claimNext(this.#connection, this.name, options);
  }

  /**
   * Yields the dead letters: the entries that are no longer handed out because the work on them failed. They are sorted
   * by key and read in pages on demand. They stay until `requeue` or `delete`. If a worker dies in an entry's last
   * attempt, the next claim in the namespace dead-letters the entry.
   *
   * @example
   * ```ts
   * for await (const { entry, attempt, error } of work.deadLetters()) console.log(entry.key, attempt, error);
   * ```
   */
  deadLetters<P extends string = "">({ keyPrefix, signal }: PrefixOptions<P> = {}): AsyncGenerator<
    DeadLetter<ValueWith<T, P>, KeyWith<T, P>>,
    void
  > {
    const variables = { namespace: this.name, keyPrefix };
    return items(
      this.#connection,
      { document: deadLettersDocument, variables },
      (answered: AnsweredDeadLetter) => deadLetterOf(answered),
      { signal },
    );
  }

  /**
   * Makes a dead-lettered entry claimable again. Its attempts count from 1 again.
   *
   * @returns whether there was a dead-lettered entry
   * @example
   * ```ts
   * for await (const { entry } of work.deadLetters()) await work.requeue(entry.key);
   * ```
   */
  async requeue(key: KeyOf<T>, options: CallOptions = {}): Promise<boolean> {
    const input = { namespace: this.name, key };
    const { requeued } = await mutate<{ requeued: boolean }>(
      this.#connection,
      requeueEntryDocument,
      input,
      options,
    );
    return requeued;
  }

  /**
   * Makes a completed entry claimable again. Setting a new value alone does not. To set a value in the same step, use
   * `transact`.
   *
   * @returns whether there was a completed entry
   * @example
   * ```ts
   * await work.reopen("task:1");
   * ```
   */
  async reopen(key: KeyOf<T>, options: CallOptions = {}): Promise<boolean> {
    const input = { namespace: this.name, key };
    const { reopened } = await mutate<{ reopened: boolean }>(
      this.#connection,
      reopenEntryDocument,
      input,
      options,
    );
    return reopened;
  }

  /**
   * Returns the number and size of the entries, the time of the last write, and the agents. Returns undefined if the
   * namespace has no entries.
   *
   * @example
   * ```ts
   * const { entryCount, agents } = (await jobs.info()) ?? { entryCount: 0, agents: [] };
   * ```
   */
  async info(options: CallOptions = {}): Promise<NamespaceInfo | undefined> {
    const { namespace } = await this.#connection.call<{ namespace: AnsweredNamespace | null }>(
      { document: namespaceDocument, variables: { name: this.name } },
      options,
    );
    return namespace === null ? undefined : namespaceOf(namespace);
  }
}
