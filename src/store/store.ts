import type { Database, EntryPage, LogEnds, Page } from "../database/database.ts";
import { badUserInput, limitExceeded } from "../errors.ts";
import type { Change, Selection } from "./change.ts";
import type { ClearResult, DeleteResult, SetItem, SetResult } from "./command.ts";
import type { Committer } from "./committer.ts";
import type { Entry, Namespace, Usage } from "./entry.ts";
import {
  checkKey,
  checkKeyPrefix,
  checkMetadata,
  checkNamespace,
  checkNamespacePrefix,
  checkPageSize,
  serialiseValue,
  type Limits,
} from "./limits.ts";
import { requireWithinLog } from "./log.ts";
import { everything, exact, prefixed, type TextMatch } from "./text-match.ts";
import { permittedPart, requireNamespace, requireScope, type Viewer } from "./viewer.ts";

/** One key of a set, as a caller gives it. */
export interface SetInput {
  readonly key: string;
  readonly value: unknown;
  readonly metadata?: unknown;
  readonly ifRevision?: bigint | null | undefined;
}

/** Which part of the store a reader asks for. What is left out is not narrowed. */
export interface SelectionInput {
  readonly namespace?: string | null | undefined;
  readonly namespacePrefix?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly keyPrefix?: string | null | undefined;
}

export interface EntriesInput extends SelectionInput {
  readonly keys?: readonly string[] | null | undefined;
  readonly first: number;
  readonly after: { readonly namespace: string; readonly key: string } | null;
}

export interface ChangesInput extends SelectionInput {
  readonly first: number;
  /** Only later changes; null: from the oldest kept. */
  readonly after: bigint | null;
}

/**
 * One user's store as its viewers may use it: every operation checks the viewer's scopes and namespaces (G1) and
 * the limits (G9) before it touches the database.
 */
export class Store {
  readonly limits: Limits;
  readonly #database: Database;
  readonly #committer: Committer;

  constructor(database: Database, committer: Committer, limits: Limits) {
    this.#database = database;
    this.#committer = committer;
    this.limits = limits;
  }

  async setEntry(viewer: Viewer, namespace: string, input: SetInput): Promise<SetResult> {
    this.#requireWrite(viewer, namespace);
    return this.#set(viewer, namespace, [this.#setItem("input", input)]);
  }

  async setEntries(
    viewer: Viewer,
    namespace: string,
    inputs: readonly SetInput[],
  ): Promise<SetResult> {
    this.#requireWrite(viewer, namespace);
    const { maxBatchOperations } = this.limits;
    if (inputs.length === 0) throw badUserInput("input.entries", "Must hold at least one entry.");
    if (inputs.length > maxBatchOperations) {
      throw limitExceeded(
        "maxBatchOperations",
        maxBatchOperations,
        `One call may set ${maxBatchOperations} entries; these are ${inputs.length}. Split them.`,
        "input.entries",
      );
    }
    const seen = new Set<string>();
    const items = inputs.map((input, index) => {
      const argument = `input.entries.${index}`;
      if (seen.has(input.key)) {
        throw badUserInput(
          `${argument}.key`,
          `${JSON.stringify(input.key)} is set twice in this call.`,
        );
      }
      seen.add(input.key);
      return this.#setItem(argument, input);
    });
    return this.#set(viewer, namespace, items);
  }

  async deleteEntry(
    viewer: Viewer,
    namespace: string,
    key: string,
    ifRevision: bigint | null,
  ): Promise<DeleteResult> {
    this.#requireWrite(viewer, namespace);
    checkKey(this.limits, "input.key", key);
    return this.#committer.submit({
      kind: "delete",
      ...caller(viewer),
      namespace,
      key,
      ifRevision,
    });
  }

  async clearNamespace(viewer: Viewer, namespace: string): Promise<ClearResult> {
    this.#requireWrite(viewer, namespace);
    const namespaces = [exact(namespace)];
    return this.#committer.submit({ kind: "clear", ...caller(viewer), namespaces });
  }

  /** Clears the viewer's part of the namespaces that begin with the prefix. */
  async clearNamespaces(viewer: Viewer, namespacePrefix: string): Promise<ClearResult> {
    requireScope(viewer, "write");
    checkNamespacePrefix(this.limits, "input.namespacePrefix", namespacePrefix);
    const namespaces = permittedPart(viewer, prefixed(namespacePrefix));
    return this.#committer.submit({ kind: "clear", ...caller(viewer), namespaces });
  }

  async entry(viewer: Viewer, namespace: string, key: string): Promise<Entry | null> {
    this.#requireRead(viewer, namespace, "namespace");
    checkKey(this.limits, "key", key);
    return this.#database.readEntry(viewer.userId, { namespace, key });
  }

  async entries(viewer: Viewer, input: EntriesInput): Promise<EntryPage> {
    checkPageSize(this.limits, input.first);
    const keys = input.keys ?? null;
    if (keys) {
      if (input.keyPrefix != null)
        throw badUserInput("keys", "keys and keyPrefix exclude each other.");
      if (keys.length > this.limits.maxPageSize) {
        const { maxPageSize } = this.limits;
        throw limitExceeded(
          "maxPageSize",
          maxPageSize,
          `One call may ask for ${maxPageSize} keys.`,
          "keys",
        );
      }
      keys.forEach((key, index) => checkKey(this.limits, `keys.${index}`, key));
    }
    return this.#database.readEntries(
      {
        userId: viewer.userId,
        selection: this.select(viewer, input),
        onlyKeys: keys,
        after: input.after,
      },
      this.#pageBounds(input.first),
    );
  }

  /** The log as a page. */
  async changes(viewer: Viewer, input: ChangesInput): Promise<Page<Change>> {
    checkPageSize(this.limits, input.first);
    const { userId } = viewer;
    const selection = this.select(viewer, input);
    const bounds = this.#pageBounds(input.first);
    let position = input.after ?? 0n;
    for (;;) {
      const page = await this.#database.readLog({ userId, selection, after: position }, bounds);
      // Without a place to begin, what is no longer kept is not missed.
      if (input.after === null && page.compacted > position) {
        position = page.compacted;
        continue;
      }
      requireWithinLog(position, page);
      position = page.through;
      const hasMore = position < page.head;
      if (page.changes.length > 0 || !hasMore) return { items: page.changes, hasMore };
    }
  }

  async namespace(viewer: Viewer, name: string): Promise<Namespace | null> {
    this.#requireRead(viewer, name, "name");
    const page = await this.#database.readNamespaces(viewer.userId, [exact(name)], null, 1);
    return page.items[0] ?? null;
  }

  async namespaces(
    viewer: Viewer,
    prefix: string,
    first: number,
    after: string | null,
  ): Promise<Page<Namespace>> {
    requireScope(viewer, "read");
    checkNamespacePrefix(this.limits, "prefix", prefix);
    checkPageSize(this.limits, first);
    const namespaces = permittedPart(viewer, prefixed(prefix));
    return this.#database.readNamespaces(viewer.userId, namespaces, after, first);
  }

  async usage(viewer: Viewer): Promise<Usage> {
    requireScope(viewer, "read");
    return this.#database.readUsage(viewer.userId, permittedPart(viewer, everything));
  }

  /** The ends of the viewer's log. A number alone says nothing of what others did, so any token may ask. */
  async logEnds(viewer: Viewer): Promise<LogEnds> {
    return this.#database.readLogEnds(viewer.userId);
  }

  /**
   * What of the store a read or a subscription shows its viewer.
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  select(viewer: Viewer, input: SelectionInput): Selection {
    requireScope(viewer, "read");
    return { namespaces: this.#selectNamespaces(viewer, input), keys: this.#selectKeys(input) };
  }

  #selectNamespaces(viewer: Viewer, { namespace, namespacePrefix }: SelectionInput): TextMatch[] {
    if (namespace != null && namespacePrefix != null) {
      throw badUserInput("namespacePrefix", "namespace and namespacePrefix exclude each other.");
    }
    if (namespace != null) {
      this.#requireRead(viewer, namespace, "namespace");
      return [exact(namespace)];
    }
    checkNamespacePrefix(this.limits, "namespacePrefix", namespacePrefix ?? "");
    return permittedPart(viewer, prefixed(namespacePrefix ?? ""));
  }

  #selectKeys({ key, keyPrefix }: SelectionInput): TextMatch {
    if (key != null && keyPrefix != null) {
      throw badUserInput("keyPrefix", "key and keyPrefix exclude each other.");
    }
    if (key != null) {
      checkKey(this.limits, "key", key);
      return exact(key);
    }
    checkKeyPrefix(this.limits, "keyPrefix", keyPrefix ?? "");
    return prefixed(keyPrefix ?? "");
  }

  #set(viewer: Viewer, namespace: string, items: readonly SetItem[]): Promise<SetResult> {
    return this.#committer.submit({ kind: "set", ...caller(viewer), namespace, items });
  }

  #setItem(argument: string, input: SetInput): SetItem {
    checkKey(this.limits, `${argument}.key`, input.key);
    return {
      argument,
      key: input.key,
      value: serialiseValue(this.limits, `${argument}.value`, input.value),
      metadata:
        input.metadata == null
          ? null
          : checkMetadata(this.limits, `${argument}.metadata`, input.metadata),
      ifRevision: input.ifRevision ?? null,
    };
  }

  #requireWrite(viewer: Viewer, namespace: string): void {
    requireScope(viewer, "write");
    checkNamespace(this.limits, "input.namespace", namespace);
    requireNamespace(viewer, namespace);
  }

  #requireRead(viewer: Viewer, namespace: string, argument: string): void {
    requireScope(viewer, "read");
    checkNamespace(this.limits, argument, namespace);
    requireNamespace(viewer, namespace);
  }

  #pageBounds(first: number): { maxItems: number; maxBytes: number } {
    return { maxItems: first, maxBytes: this.limits.maxPageBytes };
  }
}

/** Whose command it is. */
function caller({ userId, agent, scopes }: Viewer) {
  return { userId, agent, mayRead: scopes.includes("read") };
}
