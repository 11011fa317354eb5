import type { CallOptions } from "./connection.ts";
import type { AnsweredEntry, Entry, Revision } from "./entry.ts";
import { entryOf } from "./entry.ts";
import { badUserInput } from "./errors.ts";
import type { KeyOf } from "./keys.ts";
import type { Namespace } from "./namespace.ts";
import type {
  ContainerKeyOf,
  ItemOf,
  ListKeyOf,
  Metadata,
  NumberKeyOf,
  PatchOf,
  Stored,
  StoredKeyOf,
} from "./value-types.ts";
import {
  appendInput,
  incrementInput,
  patchInput,
  setInput,
  type AppendOptions,
  type ConditionalWriteOptions,
  type IncrementOptions,
  type Input,
} from "./writes.ts";

/** Options without `signal`: only the transaction as a whole accepts a signal. */
type Within<Options> = Omit<Options, keyof CallOptions>;

/** A condition on an entry: one of the two. */
export type Requirement =
  /** The entry is at this revision. `"0"`: it does not exist. */
  | { readonly revision: Revision }
  /** The entry exists, or does not exist. */
  | { readonly exists: boolean };

/** The result of one operation of a transaction. */
export interface OperationResult {
  /** The entry after the operation. Null if the operation writes no entry. */
  readonly entry: Entry | null;
  /** For a delete: whether the entry existed. Otherwise null. */
  readonly deleted: boolean | null;
  /** For a clear: the number of deleted entries. Otherwise null. */
  readonly clearedCount: number | null;
  /** For a reopen: whether the entry was completed. Otherwise null. */
  readonly reopened: boolean | null;
  /** For a requeue: whether the entry was dead-lettered. Otherwise null. */
  readonly requeued: boolean | null;
}

/** The result of a transaction. */
export interface TransactResult {
  /** The latest revision of the log after the transaction. */
  readonly revision: Revision;
  /** The result of each operation, in order. */
  readonly results: readonly OperationResult[];
}

/** The conditions and operations added so far, of all namespaces. */
interface Parts {
  readonly conditions: Input[];
  readonly operations: Input[];
  isSent: boolean;
}

type TransactionInput = Readonly<Record<"conditions" | "operations", readonly Input[]>>;

/** Collects the operations of a transaction. They are sent when the function that adds them returns. */
export class Transaction {
  readonly #parts: Parts = { conditions: [], operations: [], isSent: false };

  /**
   * Returns the part of the transaction for one namespace.
   *
   * @example
   * ```ts
   * await store.transact((t) => {
   *   t.in(jobs).set("phase", "parsed");
   *   t.in("stats").increment("parsed");
   * });
   * ```
   */
  in<T extends object>(namespace: Namespace<T>): TransactionPart<T>;
  in(namespace: string): TransactionPart;
  in(namespace: Namespace<object> | string): TransactionPart {
    const name = typeof namespace === "string" ? namespace : namespace.name;
    return new TransactionPart(name, this.#parts);
  }

  /** Returns the collected operations. After this, no more can be added. @internal */
  seal(): TransactionInput {
    const { conditions, operations } = this.#parts;
    this.#parts.isSent = true;
    return { conditions, operations };
  }
}

/** The operations of a transaction in one namespace. Each operation sees the results of those before it. */
// eslint-disable-next-line typescript/no-explicit-any
export class TransactionPart<T extends object = Record<string, any>> {
  readonly #namespace: string;
  readonly #parts: Parts;

  /** @internal */
  constructor(namespace: string, parts: Parts) {
    this.#namespace = namespace;
    this.#parts = parts;
  }

  /**
   * Adds a requirement. If it does not hold, the transaction writes nothing and rejects with `ConflictError`.
   * Requirements are checked before the first operation.
   *
   * @example
   * ```ts
   * await store.transact((t) => {
   *   t.in(jobs).require("owner", { exists: false });
   *   t.in(jobs).set("owner", "planner");
   * });
   * ```
   */
  require(key: KeyOf<T>, requirement: Requirement): void {
    this.#open().conditions.push({ namespace: this.#namespace, key, ...requirement });
  }

  /**
   * Sets a key, as `Namespace.set` does.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in(jobs).set("raw", data, { ttlSeconds: 3_600 }));
   * ```
   */
  set<K extends StoredKeyOf<T>, M extends Metadata = Metadata>(
    key: K,
    value: T[K],
    options?: Within<ConditionalWriteOptions<M>>,
  ): void;
  set<K extends KeyOf<T>, Given extends T[K] = T[K], M extends Metadata = Metadata>(
    key: K,
    value: Stored<T[K], Given>,
    options?: Within<ConditionalWriteOptions<M>>,
  ): void;
  set(key: string, value: unknown, options: Within<ConditionalWriteOptions> = {}): void {
    this.#add("set", key, setInput(value, options));
  }

  /**
   * Deletes a key, if it exists.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in("inbox").delete("job-17"));
   * ```
   */
  delete(key: KeyOf<T>, options: Pick<ConditionalWriteOptions, "ifRevision"> = {}): void {
    this.#add("delete", key, { ifRevision: options.ifRevision });
  }

  /**
   * Adds to a number, as `Namespace.increment` does.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in("stats").increment("totals", { path: "/files", by: 12 }));
   * ```
   */
  increment<M extends Metadata = Metadata>(
    key: NumberKeyOf<T>,
    options?: Within<IncrementOptions<M>>,
  ): void;
  increment<M extends Metadata = Metadata>(
    key: ContainerKeyOf<T>,
    options: Within<IncrementOptions<M>> & { readonly path: string },
  ): void;
  increment(key: KeyOf<T>, options: Within<IncrementOptions> = {}): void {
    this.#add("increment", key, incrementInput(options));
  }

  /**
   * Merges into an object, as `Namespace.patch` does.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in(jobs).patch("meta", { phase: "parsed" }));
   * ```
   */
  patch<K extends KeyOf<T>, Given = unknown, M extends Metadata = Metadata>(
    key: K,
    patch: PatchOf<T[K], Given>,
    options: Within<ConditionalWriteOptions<M>> = {},
  ): void {
    this.#add("patch", key, patchInput(patch, options));
  }

  /**
   * Appends to an array, as `Namespace.append` does.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in(jobs).append("recent", "file-17", { maxLength: 100 }));
   * ```
   */
  append<K extends ListKeyOf<T>, Given = unknown, M extends Metadata = Metadata>(
    key: K,
    item: ItemOf<T[K], Given>,
    options: Within<AppendOptions<M>> = {},
  ): void {
    this.#add("append", key, appendInput(item, options));
  }

  /**
   * Deletes every entry of the namespace.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in("scratch").clear());
   * ```
   */
  clear(): void {
    this.#open().operations.push({ clear: { namespace: this.#namespace } });
  }

  /**
   * Makes a completed entry claimable again, as `Namespace.reopen` does.
   *
   * @example
   * ```ts
   * await store.transact((t) => {
   *   t.in(work).set("task:1", again);
   *   t.in(work).reopen("task:1");
   * });
   * ```
   */
  reopen(key: KeyOf<T>): void {
    this.#add("reopen", key, {});
  }

  /**
   * Makes a dead-lettered entry claimable again, as `Namespace.requeue` does.
   *
   * @example
   * ```ts
   * await store.transact((t) => t.in(work).requeue("task:1"));
   * ```
   */
  requeue(key: KeyOf<T>): void {
    this.#add("requeue", key, {});
  }

  #add(operation: string, key: string, input: Input): void {
    const { operations } = this.#open();
    operations.push({ [operation]: { namespace: this.#namespace, key, ...input } });
  }

  /** @throws BAD_USER_INPUT if the transaction was already sent */
  #open(): Parts {
    if (!this.#parts.isSent) return this.#parts;
    throw badUserInput(
      "transact",
      "The transaction was already sent. Its function must await every step before it returns.",
    );
  }
}

/** Runs the function and returns the input of the transaction. */
export async function transactionInput(
  describe: (transaction: Transaction) => void | Promise<void>,
): Promise<TransactionInput> {
  const transaction = new Transaction();
  await describe(transaction);
  return transaction.seal();
}

/** A result as GraphQL returns it. */
export type AnsweredResult = Omit<OperationResult, "entry"> & {
  readonly entry: AnsweredEntry | null;
};

export function resultOf(answered: AnsweredResult): OperationResult {
  return { ...answered, entry: answered.entry && entryOf(answered.entry) };
}
