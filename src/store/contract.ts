import type { Token } from "./model/token.ts";
import type { Change, Selection } from "./model/change.ts";
import type { Entry, Namespace, Usage } from "./model/entry.ts";
import type { ImportState } from "./model/import-state.ts";
import type { TextMatch } from "./model/text-match.ts";
import type { StoredAnswer } from "./commit/answer.ts";
import type { StoredEntry } from "./model/claim.ts";
import type { Place } from "./commit/command.ts";
import type { Effects } from "./commit/workspace.ts";

/** Names an entry among all users. */
export interface UserPlace extends Place {
  readonly userId: string;
}

/** An entry that a command touches. */
export interface WantedEntry extends UserPlace {
  readonly withValue: boolean;
}

/** A page, and whether more follows it. It ends at its size in bytes too, but never empty when anything is left. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/** How large a page may become. */
export interface PageBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Entries in byte order of namespace, then key. */
export interface EntryPage<E extends Entry = Entry> extends Page<E> {
  /** The user's head when the page was read, by the same statement. */
  readonly head: bigint;
}

export interface EntryQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  /** Entries that sort after this place; a null key is behind every key of the namespace. */
  readonly after: { readonly namespace: string; readonly key: string | null } | null;
  /** Loads no values: each is "" then, which is no JSON. Default: false. */
  readonly withoutValues?: boolean;
}

/** A stretch of a user's log, read by one statement. */
export interface LogPage<E extends Entry = Entry> {
  readonly changes: readonly Change<E>[];
  /** The selection has no other change up to here. */
  readonly through: bigint;
  /** The user's head; the log is read to its end when `through` has reached it. */
  readonly head: bigint;
  /** Changes up to here are no longer kept. */
  readonly compacted: bigint;
}

export interface LogQuery {
  readonly userId: string;
  readonly selection: Selection;
  readonly after: bigint;
}

export interface SearchQuery {
  readonly userId: string;
  readonly namespaces: readonly TextMatch[];
  /** What is looked for, as `fold` of the store gives it: three characters at least. */
  readonly folded: string;
  /** Only entries of earlier revisions; null for all. */
  readonly before: bigint | null;
}

/** An entry that may be found, without its value. */
export interface Hit extends Place {
  readonly revision: bigint;
  readonly sizeBytes: number;
}

/** What decides how a search is made. */
export interface SearchState {
  /** How much there is in the namespaces, counted until there are more entries than asked. */
  readonly entryCount: number;
  readonly sizeBytes: number;
  /** The index has every entry that was written last up to here … */
  readonly indexedRevision: bigint;
  /** … if it is built, and the log reaches back to it. */
  readonly isBuilt: boolean;
}

/** What a stretch of a user's log wrote that is still there, the newest first. */
export interface WrittenPage {
  readonly hits: readonly Hit[];
  /** It is read back to this revision; null when it is read to its begin. */
  readonly through: bigint | null;
  /** Changes up to here are no longer kept. */
  readonly compacted: bigint;
}

/**
 * A user's log's ends. Both are 0 for a user who never wrote. A log that begins behind its head is that of a store into
 * which an import is under way: see `isImporting`.
 */
export interface LogEnds {
  readonly head: bigint;
  readonly compacted: bigint;
}

/** How much of each user's log to keep: what either bound keeps is kept. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxChanges: number;
}

/** What may be claimed. */
interface FreeQuery {
  readonly userId: string;
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly now: Date;
}

/** What a write transaction knows of the logs that it has locked. */
export interface LockedLogs {
  readonly now: Date;
  readonly heads: ReadonlyMap<string, bigint>;
  /** The users into whose store an import is under way. */
  readonly importing: ReadonlySet<string>;
}

/** Statements of the one write transaction that is open. */
export interface WriteTransaction {
  /**
   * Locks the users' logs until the transaction ends, all instances in one order, and creates the missing ones.
   * The time is the database's, read in the same statement as the heads.
   */
  lock(userIds: readonly string[]): Promise<LockedLogs>;
  /** Each place at most once. Where its value is not wanted, the entry has `""` for one, which is no JSON: values are large. */
  loadEntries(
    places: readonly WantedEntry[],
  ): Promise<readonly { userId: string; entry: StoredEntry }[]>;
  /** The first free entries in the order of their keys, without their values. */
  loadFree(query: FreeQuery, maxItems: number): Promise<readonly StoredEntry[]>;
  /** How many entries each namespace holds that have not expired. */
  countEntries(
    userId: string,
    namespaces: readonly TextMatch[],
    now: Date,
  ): Promise<Map<string, number>>;
  /**
   * Each asked at most once; those that were given after an instant. Where the results of those before it have so many
   * bytes, its own are null: they are large.
   */
  loadAnswers(
    asked: readonly { userId: string; idempotencyKey: string }[],
    after: Date,
    maxBytes: number,
  ): Promise<
    readonly (Omit<StoredAnswer, "results"> & { userId: string; results: string | null })[]
  >;
  save(effects: ReadonlyMap<string, Effects>): Promise<void>;

  // What an import needs beside that, under the lock of its user.
  loadImport(userId: string): Promise<ImportState | null>;
  /** Null when it is over. */
  saveImport(userId: string, state: ImportState | null): Promise<void>;
  /** Says up to where the log is no longer kept. */
  setCompacted(userId: string, compacted: bigint): Promise<void>;
  hasEntries(userId: string, now: Date): Promise<boolean>;
  /** Removes some of them; returns how many, less than the most at the end. */
  removeChanges(userId: string, maxItems: number): Promise<number>;
  removeEntries(userId: string, maxItems: number): Promise<number>;
}

/** Told that a user's log reaches at least so far. */
export type HeadListener = (userId: string, head: bigint) => void;

/** The contract that every database meets. Failures to reach it are `UNAVAILABLE`. */
export interface Database {
  /**
   * Runs alone among the writes of this process. Commits when `work` resolves, rolls back when it rejects. It may roll
   * back and run `work` again from the start.
   */
  write<T>(work: (transaction: WriteTransaction) => Promise<T>): Promise<T>;

  // What has expired by the database's clock is not there, for each of these (G8).
  readEntry(userId: string, place: Place): Promise<Entry | null>;
  readEntries(query: EntryQuery, bounds: PageBounds): Promise<EntryPage>;
  /** Like `readEntries`, with what only a write looks at. */
  readStoredEntries(query: EntryQuery, bounds: PageBounds): Promise<EntryPage<StoredEntry>>;
  /** In byte order of the name. */
  readNamespaces(
    userId: string,
    namespaces: readonly TextMatch[],
    after: string | null,
    maxItems: number,
  ): Promise<Page<Namespace>>;
  readUsage(userId: string, namespaces: readonly TextMatch[]): Promise<Usage>;
  readLogEnds(userId: string): Promise<LogEnds>;
  readLog(query: LogQuery, bounds: PageBounds): Promise<LogPage>;
  /**
   * Like `readLog`. Claims are not in the log: an entry has here what its claim has come to when the page is read, and
   * none where the entry was deleted since.
   */
  readStoredLog(query: LogQuery, bounds: PageBounds): Promise<LogPage<StoredEntry>>;
  /** The heads of these users' logs, by user; those that never wrote are missing. */
  readHeads(userIds: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** The latest revision in (after, through] that cleared the namespace; null when none did. */
  readLastClear(
    userId: string,
    namespace: string,
    after: bigint,
    through: bigint,
  ): Promise<bigint | null>;

  readSearchState(query: SearchQuery, maxCounted: number): Promise<SearchState>;
  /** Entries that have the text, by the index, the last written first. Those that were written since are left out. */
  readIndexed(query: SearchQuery, maxItems: number): Promise<readonly Hit[]>;
  /** What was written after a revision, whatever its text. */
  readWritten(query: SearchQuery, after: bigint, maxChanges: number): Promise<WrittenPage>;
  /** What is at these places. */
  readPlaces(userId: string, places: readonly Place[]): Promise<readonly Entry[]>;
  /** Users whose log the index has not followed to its head. */
  readUnindexed(maxUsers: number): Promise<readonly string[]>;
  /** Lets the index follow a user's log by one short step. Whether there may be more to do. */
  indexStep(userId: string): Promise<boolean>;

  /** Entries that have expired and are still stored, the longest first; not those of an import under way. */
  readExpired(maxItems: number): Promise<readonly UserPlace[]>;
  /** Removes the answers given before an instant. */
  forgetAnswers(before: Date): Promise<void>;

  /** Removes what retention does not keep, in steps short enough to let writes in between. Returns how many changes went. */
  compact(retention: Retention, isStopping?: () => boolean): Promise<number>;

  /** Wakes other instances that listen: these logs have grown. A hint that may be lost; SQLite has no way to give it. */
  announce(heads: ReadonlyMap<string, bigint>): void;
  /**
   * Calls back when other instances announce, and `missed` when some may not have been heard. Whoever must know polls
   * `readHeads`, too.
   */
  listen(listener: HeadListener, missed: () => void): void;

  readonly tokens: TokenTable;

  /** @throws UNAVAILABLE unless it answers */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Where tokens are kept. */
export interface TokenTable {
  insert(token: Token): Promise<void>;
  /** Does nothing where there is one of this name already. */
  insertOnce(token: Token): Promise<void>;
  findByHash(hash: string): Promise<Token | null>;
  find(tokenIds: readonly string[]): Promise<readonly Token[]>;
  /** Oldest first; of one user, or of all. */
  list(userId: string | null): Promise<readonly Token[]>;
  /** False when there is no such token; revoking twice keeps the first time. */
  revoke(tokenId: string, at: Date): Promise<boolean>;
  /** Whether no token was ever made. */
  isEmpty(): Promise<boolean>;

  // How a cache of tokens stays current.
  /** Calls back when a token may have been made or revoked: by this process, and by others where the database tells. */
  watch(changed: () => void): void;
  /**
   * Calls the watchers now if another process has written to the database and they were not called yet. Called before
   * each use of a token that was read earlier, so it takes microseconds. Does nothing where the database notifies.
   */
  noticeChanges(): void;
  /** Differs from an earlier answer if a token was made or revoked since then. One statement. */
  version(): Promise<string>;
}
