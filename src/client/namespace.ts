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
  replaceEntryDocument,
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
import { ConflictError } from "./errors.ts";
import type { KeyOf, KeyWith, ValueWith } from "./keys.ts";
import { linked, pause } from "./abort.ts";
import { all, items, pageSize } from "./pages.ts";
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
  type AppendOptions,
  type ConditionalWriteOptions,
  type IncrementOptions,
  type WriteOptions,
} from "./writes.ts";

/** Which keys. */
export interface PrefixOptions<P extends string = string> extends CallOptions {
  /** Only keys that begin with this. Default: every key. */
  readonly keyPrefix?: P | undefined;
}

/** Which state of the store is read. */
export interface AsOfOptions extends CallOptions {
  /**
   * The state right after this revision, as far back as the log tells of it; entries are listed by their keys then.
   * Default: the current state.
   */
  readonly at?: Revision | undefined;
  /** A state that is not before this revision, such as one that a writer on another server was told. Default: any. */
  readonly atLeast?: Revision | undefined;
}

/** Which entries, and in which order. */
export interface EntriesOptions<P extends string = string>
  extends PrefixOptions<P>, WhereOptions, AsOfOptions {
  /**
   * `"KEY_ASC"`: by key, in the byte order of its UTF-8. `"CREATED_AT_DESC"`, `"CREATED_AT_ASC"`: by creation, the newest
   * or the oldest first; an entry that is written again keeps its place. Default: `"KEY_ASC"`.
   */
  readonly orderBy?: "KEY_ASC" | "CREATED_AT_ASC" | "CREATED_AT_DESC" | undefined;
}

/** What the key of an entry begins with, and what else is written with it. */
export interface CreateOptions<P extends string = string> extends WriteOptions {
  /** What the key begins with, such as `event:`. Default: nothing. */
  readonly keyPrefix?: P | undefined;
}

/** In which order changes are listed. */
export interface HistoryOptions extends CallOptions, WhereOptions {
  /** `"REVISION_ASC"`: the oldest first. `"REVISION_DESC"`: the newest first. Default: `"REVISION_ASC"`. */
  readonly orderBy?: "REVISION_ASC" | "REVISION_DESC" | undefined;
}

/** How an update is made. */
export interface UpdateOptions<M extends Metadata = Metadata> extends WriteOptions<M> {
  /** How often to begin anew when another agent's write came between. Default: 100. */
  readonly attempts?: number | undefined;
}

/** How long to wait at most, in the middle of an update that meets others, before it begins anew. */
const maxUpdatePauseMs = 50;

/**
 * A group of keys. Give it a type to have keys and values checked:
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
 * The type is a promise of whoever writes: nothing checks what another agent has stored.
 */
// eslint-disable-next-line typescript/no-explicit-any
export class Namespace<T extends object = Record<string, any>> {
  /** Its name. */
  readonly name: string;
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.name = name;
  }

  /**
   * The value of a key; undefined where there is none.
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
   * What a key holds, with its revision, times and metadata; undefined where there is none.
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
   * Sets a key to a value and returns the revision of that. The value replaces the one before, and so does its expiry;
   * metadata is merged.
   *
   * @throws ConflictError when `ifRevision` does not hold; nothing is written then
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
  // The compiler's message is that of the last signature.
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
   * Deletes a key. False when there was none.
   *
   * @throws ConflictError when `ifRevision` does not hold; nothing is deleted then
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
   * Deletes several keys in one step, and returns those that were there.
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
   * Adds an entry under a key that the server chooses: a prefix, and the revision. Such keys sort in the order in which their
   * entries were added, by however many writers.
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
    const { entry } = await mutate<{ entry: AnsweredEntry }>(
      this.#connection,
      createEntryDocument,
      { namespace: this.name, keyPrefix, ...setInput(value, { metadata, ttlSeconds }) },
      options,
    );
    return entryOf(entry);
  }

  /**
   * The keys, sorted in the byte order of their UTF-8.
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
   * The entries, sorted by key or as `orderBy` says, page by page as they are asked for.
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
   * All keys and values as one object. What a namespace may hold is not bounded: where it may be large, use `entries`.
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
   * The values of several keys as one object, without those that there are not.
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
   * Sets several keys, all or none, and returns the revision of each. The options count for each of them.
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
   * Deletes every entry of the namespace, as one change, and returns how many there were.
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
   * Sets a key to what a function makes of its value, and of its entry, which are undefined where there is none. When
   * another agent's write comes between, the function is called again with that, so that nobody's write is lost. Adding,
   * merging and appending need no such loop: `increment`, `patch` and `append` are one call each. As with `set`, an
   * expiry goes unless `ttlSeconds` gives one anew.
   *
   * @throws ConflictError when others have come between as often as `attempts` says
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
    { attempts = 100, ...options }: UpdateOptions = {},
  ): Promise<Entry<T[K], K>> {
    for (let attempt = 1; ; attempt++) {
      const entry = await this.entry(key, options);
      const value = await change(entry?.value, entry);
      const condition = { ...options, ifRevision: entry?.revision ?? "0" };
      try {
        return await this.#writeEntry(
          replaceEntryDocument,
          key,
          setInput(value, condition),
          options,
        );
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= attempts) throw error;
      }
      const link = linked(this.#connection.closed, options.signal);
      try {
        await pause(Math.random() * Math.min(2 ** attempt, maxUpdatePauseMs), link.signal);
      } finally {
        link.unlink();
      }
    }
  }

  /**
   * Adds to a number, or to a number inside of an object, in one step. Begins at 0 where there is nothing.
   *
   * @throws BadUserInputError when something is there and is no number
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
    return this.#writeEntry(incrementEntryDocument, key, incrementInput(options), options);
  }

  /**
   * Merges into a value in one step, by JSON Merge Patch (RFC 7396): objects at every level, null removes a member.
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
    return this.#writeEntry(patchEntryDocument, key, patchInput(patch, options), options);
  }

  /**
   * Appends to an array in one step. Makes one where there is nothing.
   *
   * @throws BadUserInputError when something is there and is no array
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
    return this.#writeEntry(appendToEntryDocument, key, appendInput(item, options), options);
  }

  /**
   * Waits for a key: returns its entry at once when it is there, otherwise as soon as it is. With `after`, only a later
   * revision counts.
   *
   * @throws TimeoutError when `timeoutMs` are over
   * @example
   * ```ts
   * const { value } = await handoff.waitFor("data-ready", { timeoutMs: 60_000 });
   * ```
   */
  async waitFor<K extends KeyOf<T>>(key: K, options: WaitOptions = {}): Promise<Entry<T[K], K>> {
    return entryOf(await waitFor(this.#connection, { namespace: this.name, key }, options));
  }

  /**
   * Every matching change, each once, in the order of the log, for as long as its reader goes on. It takes itself up
   * again after any drop, without a gap. It begins when the first change is asked for: what happened before is
   * delivered with `snapshot`, or `after` a revision. While the snapshot is read, the watch remembers its keys. When its
   * signal aborts, it rejects with the reason; when the store is closed, it ends.
   *
   * @throws RevisionCompactedError when the log does not reach back to where it is to go on
   * @example
   * ```ts
   * for await (const change of jobs.watch({ keyPrefix: "task:", snapshot: true })) {
   *   if (change.kind === "CAUGHT_UP") console.log("that was all there is; now what comes");
   *   if (change.entry) console.log(change.key, change.entry.value);
   * }
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
   * The changes of a key that the log keeps, the oldest first unless `orderBy` says otherwise, each with the entry as it was then.
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
   * Takes the next free entry, in the order of the keys, for this worker alone; undefined when nothing is free within
   * `waitMs`. Free is what nobody holds and nobody has completed, and what is neither delayed nor dead-lettered: what a dead worker held is free again when its lease
   * ends.
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
   * The entries that are not handed out any more, because the work on them failed, sorted by key, page by page as they
   * are asked for. They stay until `requeue` or `delete`. An entry whose last attempt ended with its worker is among
   * them once a claim has looked for work after that, as a worker that waits for some does.
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
   * Lets a dead-lettered entry be claimed again. Its attempts are counted from 1 again.
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
   * Lets a completed entry be claimed again: what is set on it is not handed out otherwise. To set it in the same step,
   * use `transact`.
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
   * How many entries there are, how large, how recent and by whom; undefined where there is none.
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

  async #writeEntry<K extends KeyOf<T>>(
    document: string,
    key: K,
    input: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<Entry<T[K], K>> {
    const { entry } = await mutate<{ entry: AnsweredEntry }>(
      this.#connection,
      document,
      { namespace: this.name, key, ...input },
      options,
    );
    return entryOf(entry);
  }
}
