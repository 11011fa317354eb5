import { ConflictError, LimitExceededError, type DataStore } from "../client/index.ts";
import { groupsOf } from "./groups-of.ts";
import { partKeys, restored, type KeyToSet, type StorableValue } from "./large-value.ts";
import { maxOperations, maxPageSize, maxRequestBytes } from "./request-limits.ts";

/** An entry as the adapters read it. */
export interface ReadEntry {
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
}

/** The entries to scan: those of one namespace, or of all namespaces that begin with a prefix. */
export type Selection = { readonly keyPrefix: string } & (
  | { readonly namespace: string }
  | { readonly namespacePrefix: string }
);

interface Page<T> {
  readonly page: {
    readonly nodes: readonly T[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const scanDocument = `query adapterScan(
  $namespace: String, $namespacePrefix: String, $keyPrefix: String, $first: Int, $after: String
) {
  page: entries(
    namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, first: $first, after: $after
  ) { nodes { namespace key value } pageInfo { hasNextPage endCursor } }
}`;
const keysDocument = `query adapterRead($namespace: String!, $keys: [String!], $first: Int, $after: String) {
  page: entries(namespace: $namespace, keys: $keys, first: $first, after: $after) {
    nodes { key value } pageInfo { hasNextPage endCursor }
  }
}`;
const entryDocument = `query adapterEntry($namespace: String!, $key: String!) {
  entry(namespace: $namespace, key: $key) { value revision }
}`;
// Selects the values that were stored in parts. `storable` also stores a value in parts if it looks like such a reference.
const referencesDocument = `query adapterParts($namespace: String!, $keys: [String!], $first: Int, $after: String) {
  page: entries(
    namespace: $namespace, keys: $keys, first: $first, after: $after, where: [{ path: "/parts/id", op: EXISTS }]
  ) { nodes { key value } pageInfo { hasNextPage endCursor } }
}`;
const transactDocument = `mutation adapterWrite($input: TransactInput!) {
  transact(input: $input) { revision }
}`;

/** Entries with values of any size, read in pages and written in transactions. */
export class LargeEntries {
  readonly #store: DataStore;

  constructor(store: DataStore) {
    this.#store = store;
  }

  /** Entries in the order of their keys, page by page. The first page has at most `first`. */
  async *pages(selection: Selection, first: number): AsyncGenerator<ReadEntry[], void> {
    let after: string | null = null;
    let size = Math.max(1, Math.min(first, maxPageSize));
    for (;;) {
      const { page }: Page<ReadEntry> = await this.#store.graphql(scanDocument, {
        ...selection,
        first: size,
        after,
      });
      yield await this.#restored(page.nodes);
      if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) return;
      after = page.pageInfo.endCursor;
      size = maxPageSize;
    }
  }

  /** The values of the keys that exist. */
  async read(namespace: string, keys: readonly string[]): Promise<Map<string, unknown>> {
    const entries: ReadEntry[] = [];
    for (let at = 0; at < keys.length; at += maxPageSize) {
      const some = keys.slice(at, at + maxPageSize);
      entries.push(...(await this.#restored(await this.#readWhole(namespace, some))));
    }
    return new Map(entries.map(({ key, value }) => [key, value]));
  }

  /** The keys of the parts in which the values of these keys are stored. */
  async partsOf(namespace: string, keys: readonly string[]): Promise<string[]> {
    const parts: string[] = [];
    for (let at = 0; at < keys.length; at += maxPageSize) {
      const some = keys.slice(at, at + maxPageSize);
      for (const { value } of await this.#readWhole(namespace, some, referencesDocument)) {
        parts.push(...partKeys(value));
      }
    }
    return parts;
  }

  /** One value, its revision, and the keys of its parts; undefined if the entry does not exist. */
  async entry(
    namespace: string,
    key: string,
  ): Promise<
    | { readonly value: unknown; readonly revision: string; readonly parts: readonly string[] }
    | undefined
  > {
    const { entry } = await this.#store.graphql<{
      entry: { value: unknown; revision: string } | null;
    }>(entryDocument, { namespace, key });
    if (entry === null) return undefined;
    const [found] = await this.#restored([{ namespace, key, value: entry.value }]);
    return { value: found?.value, revision: entry.revision, parts: partKeys(entry.value) };
  }

  /**
   * Writes values of one namespace in one transaction. If they do not fit in one request:
   *
   * 1. Earlier transactions write the parts of large values, and `ahead`. Nothing refers to them yet.
   * 2. The last transaction writes the values and deletes `deletes`, and as many of `unusedParts` as fit.
   * 3. Later transactions delete the rest of `unusedParts`.
   *
   * @param deletes keys that are deleted in the last transaction
   * @param unusedParts keys of the parts of deleted or replaced values
   * @param revisions revisions that keys must have; `"0"`: the key must not exist
   * @throws ConflictError when a key has another revision. No visible entry has been written then.
   */
  async write(
    namespace: string,
    {
      ahead = [],
      values,
      deletes = [],
      unusedParts = [],
      revisions = {},
    }: {
      readonly ahead?: readonly StorableValue[];
      readonly values: readonly StorableValue[];
      readonly deletes?: readonly string[];
      readonly unusedParts?: readonly string[];
      readonly revisions?: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const unseen = [
      ...[...ahead, ...values].flatMap(({ parts }) => parts),
      ...ahead.map(({ entry }) => entry),
    ];
    const last = values.map(({ entry }) => entry);
    const batches = batchesOf([...unseen, ...last], unseen.length);
    const operationsOf = (batch: readonly KeyToSet[]) =>
      batch.map(({ key, value }) => ({
        set: { namespace, key, value, ifRevision: revisions[key] },
      }));
    const lastOperations = operationsOf(batches.pop() ?? []);
    const room = Math.max(0, maxOperations - lastOperations.length - deletes.length);
    const deleteOf = (key: string) => ({ delete: { namespace, key } });
    try {
      for (const batch of batches) await this.#transact(operationsOf(batch));
      const removed = [...deletes, ...unusedParts.slice(0, room)];
      await this.#transact([...removed.map(deleteOf), ...lastOperations]);
    } catch (error) {
      // The write did not happen, so nothing refers to the parts of step 1.
      const isRefused = error instanceof ConflictError || error instanceof LimitExceededError;
      if (isRefused && batches.length > 0) {
        await this.#deleteParts(
          namespace,
          values.flatMap(({ parts }) => parts.map(({ key }) => key)),
        );
      }
      throw error;
    }
    await this.#deleteParts(namespace, unusedParts.slice(room));
  }

  async #deleteParts(namespace: string, keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += maxOperations) {
      const some = keys.slice(at, at + maxOperations);
      await this.#transact(some.map((key) => ({ delete: { namespace, key } })));
    }
  }

  async #transact(operations: readonly object[]): Promise<void> {
    await this.#store.graphql(
      transactDocument,
      { input: { operations, idempotencyKey: crypto.randomUUID() } },
      { isRepeatable: true },
    );
  }

  async #readWhole(
    namespace: string,
    keys: readonly string[],
    document = keysDocument,
  ): Promise<ReadEntry[]> {
    const entries: ReadEntry[] = [];
    let after: string | null = null;
    for (;;) {
      const { page }: Page<Omit<ReadEntry, "namespace">> = await this.#store.graphql(document, {
        namespace,
        keys,
        first: keys.length,
        after,
      });
      entries.push(...page.nodes.map((node) => ({ namespace, ...node })));
      if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) return entries;
      after = page.pageInfo.endCursor;
    }
  }

  /** The entries with their whole values, without those that were deleted while they were read. */
  async #restored(entries: readonly ReadEntry[]): Promise<ReadEntry[]> {
    const whole: ReadEntry[] = [];
    for (const entry of entries) {
      const keys = partKeys(entry.value);
      const parts = new Map<string, unknown>();
      for (let at = 0; at < keys.length; at += maxPageSize) {
        const some = keys.slice(at, at + maxPageSize);
        for (const { key, value } of await this.#readWhole(entry.namespace, some)) {
          parts.set(key, value);
        }
      }
      const value = restored(entry.value, parts);
      if (value !== undefined) whole.push({ ...entry, value });
    }
    return whole;
  }
}

/**
 * Divides operations into batches of one request each. They form one batch if they fit. Otherwise the first `movable`
 * of them form as many batches as necessary, and the rest form the last batch.
 */
function batchesOf(all: readonly KeyToSet[], movable: number): (readonly KeyToSet[])[] {
  const bytesOf = ({ value }: KeyToSet) => JSON.stringify(value).length;
  const total = all.reduce((sum, item) => sum + bytesOf(item), 0);
  if (total <= maxRequestBytes && all.length <= maxOperations) return [all];
  const bounds = { maxItems: maxOperations, maxBytes: maxRequestBytes };
  return [...groupsOf(all.slice(0, movable), bytesOf, bounds), all.slice(movable)];
}
