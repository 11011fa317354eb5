import { createDataStore, type DataStore } from "../client/index.ts";
import { LargeEntries } from "../adapter/large-entries.ts";
import { namePart, originalPart } from "../adapter/name-part.ts";
import { storable } from "../adapter/large-value.ts";
import { ItemLog, transactionsOf, type LogHead } from "./item-log.ts";

/** Names a transcript. */
export interface SessionKey {
  projectKey: string;
  sessionId: string;
  /** The path of a subagent. Left out for the main transcript. */
  subpath?: string;
}

/** A line of a transcript. */
export interface SessionStoreEntry {
  type: string;
  uuid?: string;
  timestamp?: string;
  [name: string]: unknown;
}

/** The summary of a session in a list, in the form of the SDK. */
export interface SessionSummaryEntry {
  sessionId: string;
  mtime: number;
  data: Record<string, unknown>;
}

/** The SDK's function of this name. */
export type FoldSessionSummary = (
  previous: SessionSummaryEntry | undefined,
  key: SessionKey,
  entries: SessionStoreEntry[],
  options?: { mtime?: number },
) => SessionSummaryEntry;

/** Options of `BatonSessionStore`. */
export interface BatonSessionStoreOptions {
  /** Prefix of a session's namespace; the project and the session follow it. Default: `"claude:sessions:"`. */
  readonly namespacePrefix?: string | undefined;
  /**
   * The SDK's function `foldSessionSummary`. With it, the store keeps summaries up to date, and a list of sessions
   * needs one request. Default: the SDK loads each session to list it.
   */
  readonly foldSessionSummary?: FoldSessionSummary | undefined;
}

/** The log of the main transcript. */
const main = "main";

const headsDocument = `query sessionHeads($namespacePrefix: String, $keys: [String!], $first: Int, $after: String) {
  page: entries(namespacePrefix: $namespacePrefix, keys: $keys, first: $first, after: $after) {
    nodes { namespace value updatedAt } pageInfo { hasNextPage endCursor }
  }
}`;

interface Head {
  readonly namespace: string;
  readonly value: LogHead;
  readonly updatedAt: string;
}

/**
 * Stores transcripts of the Claude Agent SDK, as its `SessionStore`. A session can be resumed on another machine.
 *
 * A session is one Baton namespace, `claude:sessions:<project>:<session>`. An entry whose `uuid` exists already is not
 * stored again. Each batch is one transaction, or several if it has more than 400 entries or 7 MB.
 *
 * @example
 * ```ts
 * query({ prompt, options: { sessionStore: new BatonSessionStore(), resume: sessionId } });
 * ```
 */
export class BatonSessionStore {
  readonly #store: DataStore;
  readonly #entries: LargeEntries;
  readonly #prefix: string;
  readonly #fold: FoldSessionSummary | undefined;
  /** Returns the summaries of a project's sessions. Defined only with `foldSessionSummary`. */
  readonly listSessionSummaries?: (projectKey: string) => Promise<SessionSummaryEntry[]>;

  /** @param store default: the store that the environment variables `BATON_URL` and `BATON_TOKEN` name */
  constructor(store: DataStore = createDataStore(), options: BatonSessionStoreOptions = {}) {
    this.#store = store;
    this.#entries = new LargeEntries(store);
    this.#prefix = options.namespacePrefix ?? "claude:sessions:";
    this.#fold = options.foldSessionSummary;
    if (this.#fold) {
      this.listSessionSummaries = async (projectKey) =>
        (await this.#heads(projectKey)).map(({ sessionId, mtime, extra }) => ({
          sessionId,
          mtime,
          data: (extra ?? {}) as Record<string, unknown>,
        }));
    }
  }

  /** Appends entries to a transcript. */
  async append(key: SessionKey, entries: SessionStoreEntry[]): Promise<void> {
    const groups = transactionsOf(entries);
    for (const group of groups.length > 0 ? groups : [[]]) await this.#append(key, group);
  }

  /** Returns all entries in the order in which they were stored; null if the transcript does not exist. */
  async load(key: SessionKey): Promise<SessionStoreEntry[] | null> {
    const log = this.#log(key);
    const head = await log.head();
    return head ? ((await log.items(head)) as SessionStoreEntry[]) : null;
  }

  /** Returns the sessions of a project, each with the time of its last write by the database's clock. */
  async listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]> {
    return (await this.#heads(projectKey)).map(({ sessionId, mtime }) => ({ sessionId, mtime }));
  }

  /** Deletes a session with all its transcripts in one step, or only the transcript of a subagent. */
  async delete(key: SessionKey): Promise<void> {
    const namespace = this.#namespaceOf(key);
    if (key.subpath === undefined) {
      await this.#store.namespace(namespace).clear();
      return;
    }
    const name = logNameOf(key);
    await this.#store.namespace(namespace).delete(`head/${name}`);
    // The remaining entries belong to a log whose head is deleted, so no reader finds them.
    for (const keyPrefix of [`item/${name}/`, `uuid/${name}/`]) {
      const keys = await this.#store.namespace(namespace).keys({ keyPrefix });
      for (const some of transactionsOf(keys)) {
        const unusedParts = await this.#entries.partsOf(namespace, some);
        await this.#entries.write(namespace, { values: [], deletes: some, unusedParts });
      }
    }
  }

  /** Returns the subagents of a session that have a transcript. */
  async listSubkeys(key: { projectKey: string; sessionId: string }): Promise<string[]> {
    const keyPrefix = "head/sub/";
    const keys = await this.#store.namespace(this.#namespaceOf(key)).keys({ keyPrefix });
    return keys.map((found) => originalPart(found.slice(keyPrefix.length)));
  }

  async #append(key: SessionKey, entries: SessionStoreEntry[]): Promise<void> {
    const namespace = this.#namespaceOf(key);
    const name = logNameOf(key);
    await this.#log(key).change(async ({ count, generation, extra }) => {
      const markerOf = (uuid: string) => `uuid/${name}/${generation}/${namePart(uuid, "/")}`;
      const uuids = entries.flatMap(({ uuid }) => (uuid === undefined ? [] : [markerOf(uuid)]));
      const known = new Set((await this.#entries.read(namespace, [...new Set(uuids)])).keys());
      const added = entries.filter(({ uuid }) => {
        if (uuid === undefined) return true;
        const isNew = !known.has(markerOf(uuid));
        known.add(markerOf(uuid));
        return isNew;
      });
      if (added.length === 0 && count > 0) return null;
      const markers = added.flatMap(({ uuid }) =>
        uuid === undefined ? [] : [storable(markerOf(uuid), {})],
      );
      return { append: added, values: markers, extra: this.#summary(key, extra, added) };
    });
  }

  #summary(key: SessionKey, previous: unknown, entries: SessionStoreEntry[]): unknown {
    if (!this.#fold || key.subpath !== undefined) return previous;
    const { sessionId } = key;
    const before =
      previous === undefined
        ? undefined
        : { sessionId, mtime: 0, data: previous as Record<string, unknown> };
    return this.#fold(before, key, entries, { mtime: 0 }).data;
  }

  async #heads(
    projectKey: string,
  ): Promise<{ sessionId: string; mtime: number; extra: unknown }[]> {
    const namespacePrefix = `${this.#prefix}${namePart(projectKey, ":")}:`;
    const heads: { sessionId: string; mtime: number; extra: unknown }[] = [];
    let after: string | null = null;
    for (;;) {
      const {
        page,
      }: { page: { nodes: Head[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } } =
        await this.#store.graphql(headsDocument, {
          namespacePrefix,
          keys: [`head/${main}`],
          first: 100,
          after,
        });
      for (const { namespace, value, updatedAt } of page.nodes) {
        heads.push({
          sessionId: originalPart(namespace.slice(namespacePrefix.length)),
          mtime: new Date(updatedAt).getTime(),
          extra: value.extra,
        });
      }
      if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor === null) return heads;
      after = page.pageInfo.endCursor;
    }
  }

  #log(key: SessionKey): ItemLog {
    return new ItemLog(this.#entries, this.#namespaceOf(key), logNameOf(key));
  }

  #namespaceOf({ projectKey, sessionId }: Omit<SessionKey, "subpath">): string {
    return `${this.#prefix}${namePart(projectKey, ":")}:${namePart(sessionId, ":")}`;
  }
}

/** @throws Error for an empty subpath, which the SDK does not use */
function logNameOf({ subpath }: SessionKey): string {
  if (subpath === "")
    throw new Error("subpath must not be empty: leave it out for the main transcript.");
  return subpath === undefined ? main : `sub/${namePart(subpath, "/")}`;
}
