import { createDataStore, type DataStore } from "../client/index.ts";
import { LargeEntries } from "../adapter/large-entries.ts";
import { storable } from "../adapter/large-value.ts";
import { namePart } from "../adapter/name-part.ts";
import { canonicalJson, digestOf } from "./canonical-json.ts";
import { ItemLog, transactionsOf, type LogChange, type LogHead } from "./item-log.ts";

/** Options of `BatonSession`. */
export interface BatonSessionOptions {
  /** The ID of the session. Processes with the same ID share the session. Default: a new ID. */
  readonly sessionId?: string | undefined;
  /** Prefix of the session's namespace; the ID follows it. Default: `"openai:sessions:"`. */
  readonly namespacePrefix?: string | undefined;
}

/** A change of a history that is applied once. */
export type HistoryTransaction<Item> =
  | { readonly type: "append_items"; readonly items: readonly Item[] }
  | {
      readonly type: "replace_suffix";
      readonly expectedSuffix: readonly Item[];
      readonly replacement: readonly Item[];
    };

/**
 * A session of the OpenAI Agents SDK: the history of a conversation, which any process can continue. It implements
 * `Session`, `SessionHistoryRewriteAwareSession` and `SessionHistoryTransactionAwareSession`.
 *
 * A session is one Baton namespace, `openai:sessions:<id>`. Each change is one transaction, so concurrent changes of
 * several processes are not lost. `addItems` with more than 400 items or 7 MB uses several transactions.
 *
 * @example
 * ```ts
 * await run(agent, "Where were we?", { session: new BatonSession(undefined, { sessionId: "ann-1" }) });
 * ```
 */
// eslint-disable-next-line typescript/no-explicit-any
export class BatonSession<Item extends object = any> {
  readonly #store: DataStore;
  readonly #entries: LargeEntries;
  readonly #sessionId: string;
  readonly #namespace: string;
  readonly #log: ItemLog;

  /** @param store default: the store that the environment variables `BATON_URL` and `BATON_TOKEN` name */
  constructor(
    store: DataStore = createDataStore(),
    {
      sessionId = crypto.randomUUID(),
      namespacePrefix = "openai:sessions:",
    }: BatonSessionOptions = {},
  ) {
    this.#store = store;
    this.#entries = new LargeEntries(store);
    this.#sessionId = sessionId;
    this.#namespace = namespacePrefix + namePart(sessionId, ":");
    this.#log = new ItemLog(this.#entries, this.#namespace, "history");
  }

  /** Returns the ID of the session. */
  async getSessionId(): Promise<string> {
    return this.#sessionId;
  }

  /** Returns the items of the history, or the latest `limit` of them, the oldest first. */
  async getItems(limit?: number): Promise<Item[]> {
    const head = await this.#log.head();
    if (!head || (limit !== undefined && limit <= 0)) return [];
    const from = limit === undefined ? 0 : Math.max(0, head.count - limit);
    return (await this.#log.items(head, from)) as Item[];
  }

  /** Adds items to the history. */
  async addItems(items: Item[]): Promise<void> {
    for (const group of transactionsOf(items))
      await this.#log.change(async () => ({ append: group }));
  }

  /** Removes the latest item and returns it; undefined if the history is empty. */
  async popItem(): Promise<Item | undefined> {
    let popped: Item | undefined;
    await this.#log.change(async (head) => {
      popped = undefined;
      if (head.count === 0) return null;
      [popped] = (await this.#log.items(head, head.count - 1)) as Item[];
      return { keep: head.count - 1, append: [] };
    });
    return popped;
  }

  /** Removes all items, and the records of applied transactions. */
  async clearSession(): Promise<void> {
    await this.#store.namespace(this.#namespace).clear();
  }

  /**
   * Replaces function calls by ID: the replacement takes the place of a call's first item, and its other items are
   * removed.
   */
  async applyHistoryMutations({
    mutations,
  }: {
    mutations: { type: "replace_function_call"; callId: string; replacement: Item }[];
  }): Promise<void> {
    if (mutations.length === 0) return;
    await this.#log.change(async (head) => {
      const before = (await this.#log.items(head)) as Item[];
      let after = before;
      for (const { callId, replacement } of mutations) after = replaced(after, callId, replacement);
      return changeBetween(before, after);
    });
  }

  /**
   * Appends items, or replaces the latest items. It is applied once: a repeat with the same `operationId` does nothing.
   *
   * @throws Error if the ID was used for another transaction, or if the latest items are not the expected ones; nothing
   * is changed then
   */
  async applyHistoryTransaction({
    operationId,
    transaction,
  }: {
    operationId: string;
    transaction: HistoryTransaction<Item>;
  }): Promise<void> {
    if (typeof operationId !== "string" || operationId.trim() === "") {
      throw new Error("The operationId of a history transaction must be a non-empty string.");
    }
    checkTransaction(transaction);
    const key = `operation/${namePart(operationId, "/")}`;
    const digest = await digestOf(transaction);
    await this.#log.change(async (head) => {
      const applied = await this.#entries.entry(this.#namespace, key);
      if (applied) {
        if ((applied.value as { digest: string }).digest === digest) return null;
        throw new Error("The operationId was used for another history transaction.");
      }
      const change = await this.#changeOf(head, transaction);
      return { ...change, values: [storable(key, { digest })] };
    });
  }

  async #changeOf(head: LogHead, transaction: HistoryTransaction<Item>): Promise<LogChange> {
    if (transaction.type === "append_items") return { append: transaction.items };
    const { expectedSuffix, replacement } = transaction;
    const keep = head.count - expectedSuffix.length;
    const suffix = keep < 0 ? null : await this.#log.items(head, keep);
    if (suffix === null || canonicalJson(suffix) !== canonicalJson(expectedSuffix)) {
      throw new Error(
        "The latest items of the session are not those that the transaction expects.",
      );
    }
    return { keep, append: replacement };
  }
}

function checkTransaction(transaction: HistoryTransaction<object>): void {
  const { type } = (transaction ?? {}) as { type?: unknown };
  const lists =
    type === "append_items"
      ? ["items"]
      : type === "replace_suffix"
        ? ["expectedSuffix", "replacement"]
        : [];
  const isValid =
    lists.length > 0 &&
    lists.every((name) => Array.isArray((transaction as unknown as Record<string, unknown>)[name]));
  if (!isValid) throw new Error("A history transaction must append items, or replace a suffix.");
}

function replaced<Item extends object>(
  items: readonly Item[],
  callId: string,
  replacement: Item,
): Item[] {
  let isReplaced = false;
  return items.flatMap((item) => {
    const { type, callId: id } = item as { type?: unknown; callId?: unknown };
    if (type !== "function_call" || id !== callId) return [item];
    const kept = isReplaced ? [] : [replacement];
    isReplaced = true;
    return kept;
  });
}

/**
 * Returns the change between two histories, which keeps the items before the first difference; null if they are equal.
 */
function changeBetween(before: readonly object[], after: readonly object[]): LogChange | null {
  let keep = 0;
  while (keep < after.length && before[keep] === after[keep]) keep++;
  return keep === before.length && keep === after.length
    ? null
    : { keep, append: after.slice(keep) };
}
