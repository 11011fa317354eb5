import { ConflictError } from "../client/index.ts";
import { groupsOf } from "../adapter/groups-of.ts";
import type { LargeEntries } from "../adapter/large-entries.ts";
import { storable, type StorableValue } from "../adapter/large-value.ts";

/** The head of a log: the number of its items, and the names of their entries. */
export interface LogHead {
  /** The number of items. */
  readonly count: number;
  /** Distinguishes this log from earlier ones with the same name. */
  readonly generation: string;
  /** Other data of the log's owner. */
  readonly extra?: unknown;
}

/** A change of a log. */
export interface LogChange {
  /** The number of items that stay, counted from the first. Default: all. */
  readonly keep?: number;
  /** Items to append to those that stay. */
  readonly append: readonly object[];
  /** New data of the log's owner. Default: unchanged. */
  readonly extra?: unknown;
  /** Further keys that are set in the same transaction. */
  readonly values?: readonly StorableValue[];
}

/**
 * A list of items in a namespace, which any number of writers can change. Its head contains the number of items. Each
 * change is one transaction that requires that the head is unchanged since it was read, so that no change is lost.
 */
export class ItemLog {
  readonly #entries: LargeEntries;
  readonly #namespace: string;
  readonly #name: string;

  /** @param name the name of the log within its namespace */
  constructor(entries: LargeEntries, namespace: string, name: string) {
    this.#entries = entries;
    this.#namespace = namespace;
    this.#name = name;
  }

  get headKey(): string {
    return `head/${this.#name}`;
  }

  /** Returns the head; undefined if the log does not exist. */
  async head(): Promise<LogHead | undefined> {
    return (await this.#entries.entry(this.#namespace, this.headKey))?.value as LogHead | undefined;
  }

  /** Returns the items, beginning at an index. */
  async items({ count, generation }: LogHead, from = 0): Promise<object[]> {
    const keys = Array.from({ length: count - from }, (_, at) =>
      this.#itemKey(generation, from + at),
    );
    const found = await this.#entries.read(this.#namespace, keys);
    return keys.flatMap((key) => (found.has(key) ? [found.get(key) as object] : []));
  }

  /**
   * Changes the log. If another writer changed it first, the function is called again.
   *
   * @param decide returns the change for the current log; null for no change
   */
  async change(decide: (head: LogHead) => Promise<LogChange | null>): Promise<void> {
    for (;;) {
      const read = await this.#entries.entry(this.#namespace, this.headKey);
      const head = (read?.value as LogHead | undefined) ?? {
        count: 0,
        generation: crypto.randomUUID(),
      };
      const change = await decide(head);
      if (change === null) return;
      const { keep = head.count, append, extra = head.extra, values = [] } = change;
      const { generation } = head;
      const items = append.map((item, at) => storable(this.#itemKey(generation, keep + at), item));
      const count = keep + append.length;
      const deletes = Array.from({ length: Math.max(0, head.count - count) }, (_, at) =>
        this.#itemKey(generation, count + at),
      );
      // The items after those that stay are deleted or replaced.
      const replaced = Array.from({ length: Math.max(0, head.count - keep) }, (_, at) =>
        this.#itemKey(generation, keep + at),
      );
      const parts = await this.#entries.partsOf(this.#namespace, replaced);
      try {
        return await this.#entries.write(this.#namespace, {
          values: [...items, ...values, storable(this.headKey, { count, generation, extra })],
          deletes,
          unusedParts: [...parts, ...(read?.parts ?? [])],
          revisions: { [this.headKey]: read?.revision ?? "0" },
        });
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  #itemKey(generation: string, number: number): string {
    return `item/${this.#name}/${generation}/${String(number).padStart(12, "0")}`;
  }
}

/** A value of 1 MB or more is stored in parts, before the transaction. */
const maxCountedBytes = 1_000_000;
const transactionBounds = { maxItems: 400, maxBytes: 7_000_000 };

/**
 * Splits items into groups that fit in one transaction each. A larger item is stored in parts, before the transaction.
 */
export function transactionsOf<T>(items: readonly T[]): T[][] {
  const bytesOf = (item: T) => Math.min(JSON.stringify(item).length * 2, maxCountedBytes);
  return groupsOf(items, bytesOf, transactionBounds);
}
