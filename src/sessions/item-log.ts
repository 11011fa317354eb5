import { ConflictError } from "../client/index.ts";
import { groupsOf } from "../adapter/groups-of.ts";
import type { LargeEntries } from "../adapter/large-entries.ts";
import { storable, type StorableValue } from "../adapter/large-value.ts";

/** What the head of a log says: how many items it has, and which they are. */
export interface LogHead {
  /** The number of items. */
  readonly count: number;
  /** Another one for each log that begins anew under the same name. */
  readonly generation: string;
  /** What else its owner keeps in it. */
  readonly extra?: unknown;
}

/** A change of a log. */
export interface LogChange {
  /** How many items stay, from the first one on. Default: all. */
  readonly keep?: number;
  /** Items behind those that stay. */
  readonly append: readonly object[];
  /** What the owner keeps in the head from now on. Default: what it was. */
  readonly extra?: unknown;
  /** Further keys that are set in the same transaction. */
  readonly values?: readonly StorableValue[];
}

/**
 * A list of items in a namespace, which any number of writers change. Its head says how many items there are. Every change
 * is one transaction that requires the head to be as it was read, so that none is lost.
 */
export class ItemLog {
  readonly #entries: LargeEntries;
  readonly #namespace: string;
  readonly #name: string;

  /** @param name of the log within its namespace */
  constructor(entries: LargeEntries, namespace: string, name: string) {
    this.#entries = entries;
    this.#namespace = namespace;
    this.#name = name;
  }

  get headKey(): string {
    return `head/${this.#name}`;
  }

  /** The head; undefined where there is no log. */
  async head(): Promise<LogHead | undefined> {
    return (await this.#entries.entry(this.#namespace, this.headKey))?.value as LogHead | undefined;
  }

  /** The items from one place on. */
  async items({ count, generation }: LogHead, from = 0): Promise<object[]> {
    const keys = Array.from({ length: count - from }, (_, at) =>
      this.#itemKey(generation, from + at),
    );
    const found = await this.#entries.read(this.#namespace, keys);
    return keys.flatMap((key) => (found.has(key) ? [found.get(key) as object] : []));
  }

  /**
   * Changes the log. The function is called again when another writer came first.
   *
   * @param decide what is to be done to the log as it is; null: nothing
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
      // What is above the items that stay is deleted or replaced.
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

/** A value of 1 MB and more is stored in parts, ahead of the transaction. */
const maxCountedBytes = 1_000_000;
const transactionBounds = { maxItems: 400, maxBytes: 7_000_000 };

/** Items in groups that fit in one transaction each. One that is larger than that is stored in parts, ahead of it. */
export function transactionsOf<T>(items: readonly T[]): T[][] {
  const bytesOf = (item: T) => Math.min(JSON.stringify(item).length * 2, maxCountedBytes);
  return groupsOf(items, bytesOf, transactionBounds);
}
