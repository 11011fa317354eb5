import type { Effects, LoadedEntry, WantedEntry } from "./commit/state.ts";
import type { Change, Selection } from "./model/change.ts";
import type { StoredEntry, StoredHead } from "./model/claim.ts";
import type { ClaimCounts, HeldClaim } from "./model/claim-counts.ts";
import type { Entry, EntryHead, Namespace, Usage } from "./model/entry.ts";
import type { ImportState } from "./model/import-state.ts";
import type { Place, UserPlace } from "./model/place.ts";
import type { TextMatch } from "./model/text-match.ts";
import type { Token } from "./model/token.ts";
import type { SearchReader } from "./search/search-reader.ts";

// What the store, the feed and the command line ask of a database, as one small interface for each use. Failures to
// reach the database are `UNAVAILABLE`.

/** A page, and whether more follows it. It ends at its size in bytes too, but is never empty when anything is left. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/** How large a page may become. */
export interface PageBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Where a list of names begins. */
export interface NameBound {
  readonly name: string;
  /** Whether the name itself is in the list. */
  readonly isIncluded: boolean;
}

/** Entries in byte order of namespace, then key. */
export interface EntryPage<E extends EntryHead = Entry> extends Page<E> {
  /** The user's head when the page was read, by the same statement. */
  readonly head: bigint;
}

export interface EntryQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  /** Only dead-lettered entries. The namespaces are one then, which an index has. */
  readonly onlyDeadLettered?: boolean;
  /** Only entries that may be claimed. The namespaces are one then, too. */
  readonly onlyFree?: boolean;
  /** Entries that sort after this place; a null key sorts after every key of the namespace. */
  readonly after: { readonly namespace: string; readonly key: string | null } | null;
}

/** Which entries to read in the order of their creation, of which an entry's `createdRevision` tells. */
export interface CreatedQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  /** Entries that were created later than this; with the newest first, earlier. */
  readonly after: bigint;
  readonly isNewestFirst: boolean;
  /** Whether the values are not to be loaded: nothing may read them then. */
  readonly withoutValues: boolean;
}

/** Entries in the order of their creation, of one stretch of all that there are. */
export interface CreatedPage {
  readonly items: readonly Entry[];
  /** The selection has no other entry up to here: go on after it. Null where there are no more. */
  readonly next: bigint | null;
}

/** A stretch of a user's log, read by one statement. */
export interface LogPage<E extends Entry = Entry> {
  /** The history that it is of. */
  readonly epoch: string;
  readonly changes: readonly Change<E>[];
  /** The selection has no other change up to here; of a page with the newest first, down to here. */
  readonly through: bigint;
  /** The user's head. The log is read to its end when `through` has reached it. */
  readonly head: bigint;
  /** Changes up to here are no longer kept. */
  readonly compacted: bigint;
}

export interface LogQuery {
  readonly userId: string;
  readonly selection: Selection;
  readonly after: bigint;
  /** Whether earlier changes than `after` are asked for, the latest first. Default: later ones, in their order. */
  readonly isNewestFirst?: boolean;
}

/**
 * The ends of a user's log. Both are 0 for a user who never wrote. While an import into the store is under way, the log
 * begins after its head: see `isImporting`.
 */
export interface LogEnds {
  /** The history that the log is of: revisions of different epochs have nothing to do with one another (G15). */
  readonly epoch: string;
  readonly head: bigint;
  readonly compacted: bigint;
}

/** Of which entries to read the claims, in byte order of namespace, then key. */
export interface ClaimQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Entries that sort after this place; null for all. */
  readonly after: Place | null;
}

/** The work on one stretch of the entries that there are. */
export interface ClaimStretch {
  readonly counts: ClaimCounts;
  /** The first claims that hold entries of the stretch. */
  readonly held: readonly HeldClaim[];
  /** The first end of a lease or of a delay; null for neither. */
  readonly nextAt: Date | null;
  /** The last entry of the stretch; null where the selection has no more behind it. */
  readonly next: Place | null;
}

/** Reads of what a store holds. Entries that have expired by the database's time are left out (G8). */
export interface ReadView {
  readEntry(userId: string, place: Place): Promise<Entry | null>;
  readEntries(query: EntryQuery, bounds: PageBounds): Promise<EntryPage>;
  /** Like `readEntries`, without the values, which are not loaded. */
  readEntryHeads(query: EntryQuery, bounds: PageBounds): Promise<EntryPage<EntryHead>>;
  /** Like `readEntries`, with the claims. */
  readStoredEntries(query: EntryQuery, bounds: PageBounds): Promise<EntryPage<StoredEntry>>;
  readCreatedEntries(query: CreatedQuery, bounds: PageBounds): Promise<CreatedPage>;
  /** The claims that hold entries at these places, in any order. */
  readHeldClaims(userId: string, places: readonly Place[]): Promise<readonly HeldClaim[]>;
  /** Counts one stretch of the entries, and lists at most so many of its claims. */
  readClaims(query: ClaimQuery, maxHeld: number): Promise<ClaimStretch>;
  /** In byte order of the name. */
  readNamespaces(
    userId: string,
    namespaces: readonly TextMatch[],
    after: string | null,
    maxItems: number,
  ): Promise<Page<Namespace>>;
  /** Like `readNamespaces`, without what they hold. */
  readNamespaceNames(
    userId: string,
    namespaces: readonly TextMatch[],
    from: NameBound | null,
    maxItems: number,
  ): Promise<Page<string>>;
  readUsage(userId: string, namespaces: readonly TextMatch[]): Promise<Usage>;
}

/** Reads of users' logs. */
export interface Log {
  readLogEnds(userId: string): Promise<LogEnds>;
  /** The history that every log is of. */
  readEpoch(): Promise<string>;
  readLog(query: LogQuery, bounds: PageBounds): Promise<LogPage>;
  /**
   * Like `readLog`. Claims are not in the log: an entry has the claim that is stored when the page is read, and none if
   * the entry was deleted since.
   */
  readStoredLog(query: LogQuery, bounds: PageBounds): Promise<LogPage<StoredEntry>>;
  /** The heads of these users' logs, by user. Users that never wrote are missing. */
  readHeads(userIds: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** The latest revision in (after, through] that cleared the namespace; null if none did. */
  readLastClear(
    userId: string,
    namespace: string,
    after: bigint,
    through: bigint,
  ): Promise<bigint | null>;
}

/** Which keys of one namespace, and around which revision. */
export interface PastKeysQuery {
  readonly userId: string;
  readonly namespace: string;
  readonly keys: TextMatch;
  /** Only later keys; empty: all. */
  readonly after: string;
  readonly at: bigint;
  readonly compacted: bigint;
}

/** A key that the log tells of. */
export interface PastKey {
  readonly key: string;
  /** Its latest change up to the revision; null if the log has none. */
  readonly last: bigint | null;
  /** Its first change after the revision; null if there is none. */
  readonly next: bigint | null;
}

/** Reads of what the log tells of a past state. */
export interface PastLog {
  /** In the order of the keys. */
  readPastKeys(query: PastKeysQuery, maxItems: number): Promise<readonly PastKey[]>;
  /** The first namespace behind a name that holds an entry, or that the log tells of. */
  readPastNamespace(userId: string, match: TextMatch, after: string | null): Promise<string | null>;
  /** The changes of these revisions that the log has. */
  readRevisions(userId: string, revisions: readonly bigint[]): Promise<readonly Change[]>;
}

/** The locked logs of a write transaction. */
export interface LockedLogs {
  /** The database's time, read together with the heads, so that instances agree. */
  readonly now: Date;
  readonly heads: ReadonlyMap<string, bigint>;
  /** The users into whose store an import is under way. */
  readonly importing: ReadonlySet<string>;
}

/** Which entries may be claimed. */
export interface FreeQuery {
  readonly userId: string;
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly now: Date;
  /**
   * Only entries that were claimed less often than this, and less often than their latest claim said they may be. Null:
   * the latter alone. Left out: all.
   */
  readonly maxAttempts?: number | null;
}

/** Keys of one namespace. */
export interface KeyRange {
  readonly userId: string;
  readonly namespace: string;
  readonly from: string;
  /** The first key behind the range. */
  readonly before: string;
}

/** What an import needs of a write transaction, beside what every write needs. */
export interface ImportTransaction {
  loadImport(userId: string): Promise<ImportState | null>;
  /** Null ends the import. */
  saveImport(userId: string, state: ImportState | null): Promise<void>;
  /** Sets up to where the log is no longer kept. */
  setCompacted(userId: string, compacted: bigint): Promise<void>;
  hasEntries(userId: string, now: Date): Promise<boolean>;
  /** Removes at most so many of them; returns how many. */
  removeChanges(userId: string, maxItems: number): Promise<number>;
  removeEntries(userId: string, maxItems: number): Promise<number>;
}

/** Statements of an open write transaction. */
export interface WriteTransaction {
  /** The logs that the transaction has locked, and the time. */
  readLogs(): Promise<LockedLogs>;
  /** The stored entries at these places, each with its value if it is wanted. */
  loadEntries(
    places: readonly WantedEntry[],
  ): Promise<readonly { readonly userId: string; readonly entry: LoadedEntry }[]>;
  /** The first free entries in the order of their keys. */
  loadFree(query: FreeQuery, maxItems: number): Promise<readonly StoredHead[]>;
  /** The stored entries of one namespace whose keys are in a range. */
  loadRange(range: KeyRange): Promise<readonly StoredHead[]>;
  /** What the user's store holds, without what has expired. */
  readTotals(userId: string, now: Date): Promise<Usage>;
  /** How many entries each namespace holds that have not expired. */
  countEntries(
    userId: string,
    namespaces: readonly TextMatch[],
    now: Date,
  ): Promise<Map<string, number>>;
  /**
   * The records given after an instant. The results of a record are null if those before it have so many bytes
   * already: they are large.
   */
  loadRecords(
    wanted: readonly { readonly userId: string; readonly idempotencyKey: string }[],
    after: Date,
    maxBytes: number,
  ): Promise<
    readonly {
      readonly userId: string;
      readonly idempotencyKey: string;
      readonly digest: string;
      readonly results: string | null;
    }[]
  >;
  /** Saves the effects, by user. */
  save(effects: ReadonlyMap<string, Effects>): Promise<void>;

  readonly import: ImportTransaction;
}

/** Writes. */
export interface WriteAccess {
  /**
   * Runs `work` in a transaction, alone among the writes of this process:
   *
   * 1. begin, and lock the users' logs until the transaction ends, all instances in one order (missing ones are created);
   * 2. run `work`, once;
   * 3. commit if it resolves, roll back if it rejects.
   */
  write<T>(
    userIds: readonly string[],
    work: (transaction: WriteTransaction) => Promise<T>,
  ): Promise<T>;
}

/** Lets the search index follow the logs. */
export interface Indexing {
  /** Users whose log the index has not followed to its head. */
  readUnindexed(maxUsers: number): Promise<readonly string[]>;
  /** Follows a user's log by one short step. Returns how many changes the index is still behind. */
  indexStep(userId: string): Promise<number>;
}

/** How much of each user's log to keep. A change that either bound keeps is kept. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxChanges: number;
}

/** What keeps a store small. */
export interface Maintenance {
  /** Makes the logs another history: for a database that was restored to an earlier state (G15). */
  renewEpoch(): Promise<void>;
  /** Entries that have expired and are still stored, the longest first; not those of an import under way. */
  readExpired(maxItems: number): Promise<readonly UserPlace[]>;
  /** Removes the idempotency records that are older, by the database's clock. */
  forgetRecords(maxAgeMs: number): Promise<void>;
  /** Removes what retention does not keep, in short steps. Returns how many changes were removed. */
  compact(retention: Retention, isStopping?: () => boolean): Promise<number>;
}

/** Called with the head that a user's log has reached, or a later one. */
export type HeadListener = (userId: string, head: bigint) => void;

/** What is told of the claims of a user: that some changed, or that an instance wants to be told so for a minute. */
export type ClaimNews = "changed" | "watched";

/** Wakes instances that share a database. All of it is a hint: it may be lost, so its users poll too. */
export interface Notifications {
  /** Tells other instances that these logs have grown. SQLite has no way to do that. */
  announce(heads: ReadonlyMap<string, bigint>): void;
  /** Tells other instances about the claims of a user. */
  announceClaims(userId: string, news: ClaimNews): void;
  /** Calls back when other instances announce, and `missed` when some may not have been heard. */
  listen(
    listener: HeadListener,
    missed: () => void,
    claims: (userId: string, news: ClaimNews) => void,
  ): void;
}

/** What the logs of all users hold. */
export interface LogStatistics {
  readonly users: number;
  readonly changes: number;
  /** When the oldest change was made; null if there is none. */
  readonly oldestAt: Date | null;
}

/** What an operator observes. */
export interface Statistics {
  readLogStatistics(): Promise<LogStatistics>;
  /** Connections that are in use and idle, and callers that wait for one; null where there is no pool. */
  connections(): { readonly used: number; readonly idle: number; readonly waiting: number } | null;
}

/** Where tokens are kept. */
export interface TokenTable {
  insert(token: Token): Promise<void>;
  /** Does nothing if there is one of this name already. */
  insertOnce(token: Token): Promise<void>;
  findByHash(hash: string): Promise<Token | null>;
  find(tokenIds: readonly string[]): Promise<readonly Token[]>;
  /** Oldest first; of one user, or of all. */
  list(userId: string | null): Promise<readonly Token[]>;
  /** Of one user, oldest first, after a place in that order; null: from the beginning. */
  page(
    userId: string,
    after: Pick<Token, "createdAt" | "tokenId"> | null,
    maxItems: number,
  ): Promise<Page<Token>>;
  /** False if there is no such token. Revoking twice keeps the first time. */
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

/** A database that a server serves from. */
export interface Database
  extends ReadView, Log, PastLog, WriteAccess, Indexing, Maintenance, Notifications, Statistics {
  /** Runs the statements of `src/store/search`. */
  readonly searchReader: SearchReader;
  readonly tokens: TokenTable;
  /** @throws UNAVAILABLE unless it answers */
  ping(): Promise<void>;
  close(): Promise<void>;
}
