import { groupsOf } from "../adapter/groups-of.ts";
import { maxOperations, maxPageSize, maxRequestBytes } from "../adapter/request-limits.ts";
import { ConflictError, ForbiddenError, type DataStore } from "../client/index.ts";
import type { ValueCondition } from "./item-filter.ts";
import { originalKey, storedKey } from "./store-names.ts";

/** An item as it was read. */
export interface ReadItem {
  /** Its Baton namespace. */
  readonly namespace: string;
  /** Its key, as its writer chose it. */
  readonly key: string;
  // eslint-disable-next-line typescript/no-explicit-any
  readonly value: Record<string, any>;
  readonly revision: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date | null;
}

/** An item to write, or to delete if its value is null. */
export interface ItemWrite {
  readonly namespace: string;
  readonly key: string;
  readonly value: object | null;
  readonly ttlSeconds?: number | undefined;
}

type AnsweredItem = Omit<ReadItem, "createdAt" | "updatedAt" | "expiresAt"> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
};

interface Page {
  readonly page: {
    readonly nodes: readonly AnsweredItem[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const transactionBounds = { maxItems: maxOperations, maxBytes: maxRequestBytes };
const bytesOf = (operation: object) => JSON.stringify(operation).length;

const fields = `nodes { namespace key value revision createdAt updatedAt expiresAt }
    pageInfo { hasNextPage endCursor }`;
const readDocument = readDocumentOf("", "");
const filteredDocument = readDocumentOf("$where: [ValueCondition!], ", "where: $where, ");
const writeDocument = `mutation langgraphPut($input: TransactInput!) {
  transact(input: $input) { revision }
}`;

/** Reads and writes items as entries. */
export class ItemEntries {
  readonly #store: DataStore;

  constructor(store: DataStore) {
    this.#store = store;
  }

  /** Reads the items of these keys. Keys without an item are left out. */
  async read(namespace: string, keys: readonly string[]): Promise<Map<string, ReadItem>> {
    const found = new Map<string, ReadItem>();
    for (let at = 0; at < keys.length; at += maxPageSize) {
      const some = keys.slice(at, at + maxPageSize).map(storedKey);
      const variables = { namespace, keys: some };
      for await (const item of this.#items(variables, some.length)) found.set(item.key, item);
    }
    return found;
  }

  /** Reads items by namespace and key, in pages of at most `first` items. */
  list(
    selection: { readonly namespace: string } | { readonly namespacePrefix: string },
    where: readonly ValueCondition[],
    first: number,
  ): AsyncGenerator<ReadItem, void> {
    const size = Math.max(1, Math.min(first, maxPageSize));
    return where.length > 0
      ? this.#items({ ...selection, where }, size, filteredDocument)
      : this.#items(selection, size);
  }

  /** Writes items in one transaction, or in several if there are too many for one. */
  async write(writes: readonly ItemWrite[]): Promise<void> {
    const operations = writes.map(({ namespace, key, value, ttlSeconds }) => {
      const place = { namespace, key: storedKey(key) };
      return value === null ? { delete: place } : { set: { ...place, value, ttlSeconds } };
    });
    for (const batch of groupsOf(operations, bytesOf, transactionBounds))
      await this.#transact(batch);
  }

  /** Restarts the time to live of items that expire, unless they were written since they were read. */
  async refresh(items: readonly ReadItem[]): Promise<void> {
    const operations = items.flatMap(({ namespace, key, revision, updatedAt, expiresAt }) => {
      if (expiresAt === null) return [];
      const ttlSeconds = Math.round((expiresAt.getTime() - updatedAt.getTime()) / 1_000);
      return [
        { patch: { namespace, key: storedKey(key), patch: {}, ttlSeconds, ifRevision: revision } },
      ];
    });
    // Each item separately: if one was written or has expired in between, the others are still refreshed.
    await Promise.all(
      operations.map(async (operation) => {
        try {
          await this.#transact([operation]);
        } catch (error) {
          // A caller without permission to write cannot refresh an item, but can still read it.
          const isExpected = error instanceof ConflictError || error instanceof ForbiddenError;
          if (!isExpected) throw error;
        }
      }),
    );
  }

  async *#items(
    variables: Readonly<Record<string, unknown>>,
    first: number,
    document = readDocument,
  ): AsyncGenerator<ReadItem, void> {
    let after: string | null = null;
    for (;;) {
      const { page }: Page = await this.#store.graphql(document, { ...variables, first, after });
      for (const answered of page.nodes) yield itemOf(answered);
      if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) return;
      after = page.pageInfo.endCursor;
    }
  }

  async #transact(operations: readonly object[]): Promise<void> {
    const input = { operations, idempotencyKey: crypto.randomUUID() };
    await this.#store.graphql(writeDocument, { input }, { isRepeatable: true });
  }
}

function readDocumentOf(moreVariables: string, moreArguments: string): string {
  return `query langgraphItems(
  ${moreVariables}$namespace: String, $namespacePrefix: String, $keys: [String!], $first: Int, $after: String
) {
  page: entries(
    ${moreArguments}namespace: $namespace, namespacePrefix: $namespacePrefix, keys: $keys, first: $first, after: $after
  ) { ${fields} }
}`;
}

function itemOf({ key, createdAt, updatedAt, expiresAt, ...rest }: AnsweredItem): ReadItem {
  return {
    ...rest,
    key: originalKey(key),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  };
}
