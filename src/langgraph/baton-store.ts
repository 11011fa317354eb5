import {
  BaseStore,
  validateNamespace,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import { createDataStore, type DataStore } from "../client/index.ts";
import { itemFilter } from "./item-filter.ts";
import { ItemEntries, type ItemWrite, type ReadItem } from "./item-entries.ts";
import { namespaceQuery } from "./namespace-query.ts";
import { defaultItemsPrefix, StoreNames } from "./store-names.ts";

/** The lifetime of items. */
export interface TtlOptions {
  /**
   * Minutes from an item's last write or refresh to its expiry, unless its `put` sets another time. Default: no expiry.
   */
  readonly defaultTtl?: number | undefined;
  /** Whether a read of an item restarts its time to live. Such a read is also a write. Default: true. */
  readonly refreshOnRead?: boolean | undefined;
}

/** Options of `BatonStore`. */
export interface BatonStoreOptions {
  /** Prefix of the Baton namespaces. It must end with a colon. Default: `"langgraph:store:"`. */
  readonly namespacePrefix?: string | undefined;
  /** The lifetime of items. Default: no expiry. */
  readonly ttl?: TtlOptions | undefined;
}

/** Options of `BatonStore.put`. */
export interface PutOptions {
  /** Minutes until the item expires; null: no expiry. Default: the store's `ttl.defaultTtl`. */
  readonly ttl?: number | null | undefined;
}

type PutWithTtl = PutOperation & PutOptions;

/**
 * LangGraph's long-term memory in Baton. All graphs and agents, in any process, can read an item that one graph puts.
 *
 * The namespace `["users", "ann"]` is Baton's namespace `langgraph:store:users:ann`, and an item is one entry of it.
 * There are no vector indexes: the `query` of a search and the `index` of a put are ignored.
 *
 * @example
 * ```ts
 * const graph = builder.compile({ store: new BatonStore() }); // BATON_URL, BATON_TOKEN
 * ```
 */
export class BatonStore extends BaseStore {
  readonly #store: DataStore;
  readonly #names: StoreNames;
  readonly #entries: ItemEntries;
  readonly #ttl: TtlOptions;

  /** @param store default: the store that the environment variables `BATON_URL` and `BATON_TOKEN` name */
  constructor(store: DataStore = createDataStore(), options: BatonStoreOptions = {}) {
    super();
    this.#store = store;
    this.#names = new StoreNames(options.namespacePrefix ?? defaultItemsPrefix);
    this.#entries = new ItemEntries(store);
    this.#ttl = options.ttl ?? {};
  }

  /** Does nothing. Programs for other stores call it. */
  async setup(): Promise<void> {}

  /** Stores an item, and replaces an existing one. `ttl` is in minutes. */
  override async put(
    namespace: string[],
    key: string,
    value: Record<string, unknown>,
    index?: false | string[],
    { ttl }: PutOptions = {},
  ): Promise<void> {
    validateNamespace(namespace);
    const operation: PutWithTtl = {
      namespace,
      key,
      value,
      ...(index !== undefined && { index }),
      ttl,
    };
    await this.batch([operation]);
  }

  /**
   * Runs several operations. Reads return the state before the writes. All writes are one transaction, unless there are
   * more than 1,000 of them or they exceed the size of a request. Of several writes to one key, the last counts.
   */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    for (const operation of operations) checkNames(operation);
    const puts = operations.filter(isPut);
    const gets = operations.filter(isGet);
    const read = gets.length > 0 ? this.#get(gets) : undefined;
    const results = await Promise.all(
      operations.map(async (operation) => {
        if (isPut(operation)) return undefined;
        if (isGet(operation)) return (await read)?.get(operation) ?? null;
        return isSearch(operation) ? this.#search(operation) : this.#listNamespaces(operation);
      }),
    );
    if (puts.length > 0) await this.#entries.write(this.#writesOf(puts));
    return results as OperationResults<Op>;
  }

  async #get(gets: readonly GetOperation[]): Promise<Map<GetOperation, Item>> {
    const byName = new Map<string, GetOperation[]>();
    for (const get of gets) {
      const name = this.#names.nameOf(get.namespace);
      byName.set(name, [...(byName.get(name) ?? []), get]);
    }
    const found = new Map<GetOperation, Item>();
    const read: ReadItem[] = [];
    for (const [name, ofName] of byName) {
      const items = await this.#entries.read(name, [...new Set(ofName.map(({ key }) => key))]);
      read.push(...items.values());
      for (const get of ofName) {
        const item = items.get(get.key);
        if (item) found.set(get, this.#itemOf(item));
      }
    }
    await this.#refresh(read);
    return found;
  }

  async #search({
    namespacePrefix,
    filter,
    limit = 10,
    offset = 0,
  }: SearchOperation): Promise<SearchItem[]> {
    const { where, isWanted } = itemFilter(filter);
    const name = this.#names.nameOf(namespacePrefix);
    const selections =
      namespacePrefix.length === 0
        ? [{ namespacePrefix: this.#names.prefix }]
        : [{ namespace: name }, { namespacePrefix: `${name}:` }];
    const found: ReadItem[] = [];
    let left = offset;
    for (const selection of selections) {
      if (found.length >= limit) break;
      for await (const item of this.#entries.list(selection, where, left + limit)) {
        if (!isWanted(item.value)) continue;
        if (left > 0) left--;
        else if (found.push(item) >= limit) break;
      }
    }
    await this.#refresh(found);
    return found.map((item) => this.#itemOf(item));
  }

  async #listNamespaces({
    limit,
    offset = 0,
    ...operation
  }: ListNamespacesOperation): Promise<string[][]> {
    const query = namespaceQuery(this.#names, operation);
    const found: string[][] = [];
    if (query === null || limit === 0) return found;
    let left = offset;
    for await (const name of this.#store.namespaceNames(query)) {
      if (left > 0) left--;
      else if (found.push(this.#names.labelsOf(name)) >= (limit ?? Infinity)) break;
    }
    return found;
  }

  /** Restarts the time to live of the items that expire. */
  async #refresh(items: readonly ReadItem[]): Promise<void> {
    if (this.#ttl.refreshOnRead !== false) await this.#entries.refresh(items);
  }

  /** Converts puts to writes. Of several puts to one key, the last counts. */
  #writesOf(puts: readonly PutWithTtl[]): ItemWrite[] {
    const writes = puts.map(({ namespace, key, value, ttl = this.#ttl.defaultTtl }) => {
      const name = this.#names.nameOf(namespace);
      const ttlSeconds = ttl == null ? undefined : Math.max(1, Math.ceil(ttl * 60));
      return { namespace: name, key, value, ttlSeconds };
    });
    return [
      ...new Map(
        writes.map((write) => [JSON.stringify([write.namespace, write.key]), write]),
      ).values(),
    ];
  }

  #itemOf({ namespace, key, value, createdAt, updatedAt }: ReadItem): Item {
    return { namespace: this.#names.labelsOf(namespace), key, value, createdAt, updatedAt };
  }
}

function isPut(operation: Operation): operation is PutWithTtl {
  return "value" in operation;
}

function isSearch(operation: Operation): operation is SearchOperation {
  return "namespacePrefix" in operation;
}

function isGet(operation: Operation): operation is GetOperation {
  return "key" in operation && !isPut(operation);
}

/** @throws InvalidNamespaceError */
function checkNames(operation: Operation): void {
  if (isSearch(operation)) {
    validateNamespace(operation.namespacePrefix, { allowEmpty: true, allowReservedRoot: true });
  } else if ("namespace" in operation) {
    validateNamespace(operation.namespace, { allowReservedRoot: true });
  }
}
