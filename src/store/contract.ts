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

// The interfaces that the store, the feed and the command line need from a database, one small interface for each use.
// If the database cannot be reached, the error is `UNAVAILABLE`.

/** A page of a list. Its size in bytes is bounded too, but a page is never empty while items are left. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Whether more items follow. */
  readonly hasMore: boolean;
}

/** The largest size of a page. */
export interface PageBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** The start of a list of names. */
export interface NameBound {
  readonly name: string;
  /** Whether the name itself is in the list. */
  readonly isIncluded: boolean;
}

/** Entries, sorted by namespace and then key in byte order. */
export interface EntryPage<E extends EntryHead = Entry> extends Page<E> {
  /**
   * Where the list continues, even if the page is empty or `hasMore` is false; null at the end. One statement examines a
   * limited number of entries (G14), so `hasMore` only tells whether the page is cut. Nothing follows a
   * page that is not cut if the selection has one exact namespace, or one prefix and all keys.
   */
  readonly next: Place | null;
  /** The user's head revision when the page was read, by the same statement. */
  readonly head: bigint;
}

export interface EntryQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  /** Only dead-lettered entries. Then the selection has one namespace, so that the index can be used. */
  readonly onlyDeadLettered?: boolean;
  /** Only entries that can be claimed. Then too, the selection has one namespace. */
  readonly onlyFree?: boolean;
  /** Entries that sort after this position; a null key sorts after every key of the namespace. */
  readonly after: { readonly namespace: string; readonly key: string | null } | null;
}

/** Which entries to read in the order of their creation, which is the order of `createdRevision`. */
export interface CreatedQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  /** Entries that were created after this revision; with `isNewestFirst`, before it. */
  readonly after: bigint;
  readonly isNewestFirst: boolean;
  /** If true, values are not loaded, and must not be read. */
  readonly withoutValues: boolean;
}

/** A part of the entries in the order of their creation. */
export interface CreatedPage {
  readonly items: readonly Entry[];
  /** The selection has no other entry up to this revision: continue after it. Null at the end. */
  readonly next: bigint | null;
}

/** A part of a user's log, read by one statement. */
export interface LogPage<E extends Entry = Entry> {
  /** The epoch of the log. */
  readonly epoch: string;
  readonly changes: readonly Change<E>[];
  /** The selection has no other change up to this revision; with `isNewestFirst`, down to it. */
  readonly through: bigint;
  /** The user's head revision. The log is read to its end when `through` has reached it. */
  readonly head: bigint;
  /** Changes up to this revision are no longer kept. */
  readonly compacted: bigint;
}

export interface LogQuery {
  readonly userId: string;
  readonly selection: Selection;
  readonly after: bigint;
  /** If true, changes before `after`, the latest first. Default: changes later than `after`, in log order. */
  readonly isNewestFirst?: boolean;
}

/**
 * The ends of a user's log. Both are 0 for a user that never wrote. During an import into the store, `compacted` is
 * later than `head`: see `isImporting`.
 */
export interface LogEnds {
  /** The epoch of the log. Revisions of different epochs cannot be compared (G15). */
  readonly epoch: string;
  readonly head: bigint;
  readonly compacted: bigint;
}

/** Which claims to read, sorted by namespace and then key in byte order. */
export interface ClaimQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Claims of entries that sort after this place; null for all. */
  readonly after: Place | null;
}

/** Like `ClaimQuery`; a null key sorts after every key of the namespace. */
export interface NamespaceClaimQuery extends Omit<ClaimQuery, "after"> {
  readonly after: EntryQuery["after"];
}

/** The work on one part of the selected entries. */
export interface ClaimStretch {
  readonly counts: ClaimCounts;
  /** The first claims that hold entries of this part. */
  readonly held: readonly HeldClaim[];
  /** The time until the earliest end of a lease or a delay, by the database's clock; null if there is neither. */
  readonly nextInMs: number | null;
  /** Where the next part begins; null if the selection has no more entries. */
  readonly next: Place | null;
}

/** The work on one part of the selected entries, by namespace. */
export interface NamespaceClaimStretch {
  /** In byte order of the name. The next part can continue with the last namespace. */
  readonly namespaces: readonly { readonly namespace: string; readonly counts: ClaimCounts }[];
  /** Where the next part begins; null if no entry follows. */
  readonly next: Place | null;
}

/** Reads of the current entries. Entries that have expired by the database's time are left out (G8). */
export interface ReadView {
  readEntry(userId: string, place: Place): Promise<Entry | null>;
  readEntries(query: EntryQuery, bounds: PageBounds): Promise<EntryPage>;
  /** Like `readEntries`, but does not load the values. */
  readEntryHeads(query: EntryQuery, bounds: PageBounds): Promise<EntryPage<EntryHead>>;
  /** Like `readEntries`, with the state of the work on each entry. */
  readStoredEntries(query: EntryQuery, bounds: PageBounds): Promise<EntryPage<StoredEntry>>;
  readCreatedEntries(query: CreatedQuery, bounds: PageBounds): Promise<CreatedPage>;
  /** The claims that hold entries at these places, in any order. */
  readHeldClaims(userId: string, places: readonly Place[]): Promise<readonly HeldClaim[]>;
  /** Counts one part of the entries, and lists at most `maxHeld` of its claims. */
  readClaims(query: ClaimQuery, maxHeld: number): Promise<ClaimStretch>;
  /** Counts one part of the entries, by namespace. */
  readNamespaceClaims(query: NamespaceClaimQuery): Promise<NamespaceClaimStretch>;
  /** In byte order of the name. */
  readNamespaces(
    userId: string,
    namespaces: readonly TextMatch[],
    after: string | null,
    maxItems: number,
  ): Promise<Page<Namespace>>;
  /** Like `readNamespaces`, but reads only the names. */
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
  /** The epoch, which is the same for all logs. */
  readEpoch(): Promise<string>;
  readLog(query: LogQuery, bounds: PageBounds): Promise<LogPage>;
  /**
   * Like `readLog`, with claims. The log does not hold claims: an entry has its claim at the time of the read, or none
   * if the entry was deleted after the change.
   */
  readStoredLog(query: LogQuery, bounds: PageBounds): Promise<LogPage<StoredEntry>>;
  /** The database's time. */
  readNow(): Promise<Date>;
  /** When the changes of these revisions were made, by revision. Changes that the log no longer has are missing. */
  readTimes(userId: string, revisions: readonly bigint[]): Promise<ReadonlyMap<bigint, Date>>;
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

/** Which keys of one namespace to read, and around which revision. */
export interface PastKeysQuery {
  readonly userId: string;
  readonly namespace: string;
  readonly keys: TextMatch;
  /** Only keys after this one; empty for all. */
  readonly after: string;
  readonly at: bigint;
  readonly compacted: bigint;
}

/** A key that occurs in the log. */
export interface PastKey {
  readonly key: string;
  /** Its latest change up to the revision; null if the log has none. */
  readonly last: bigint | null;
  /** Its first change after the revision; null if there is none. */
  readonly next: bigint | null;
}

/** Reads of the log for a state in the past. */
export interface PastLog {
  /** Sorted by key. */
  readPastKeys(query: PastKeysQuery, maxItems: number): Promise<readonly PastKey[]>;
  /** The first namespace after a name that holds an entry or occurs in the log. */
  readPastNamespace(userId: string, match: TextMatch, after: string | null): Promise<string | null>;
  /** The changes with these revisions, as far as the log still has them. */
  readRevisions(userId: string, revisions: readonly bigint[]): Promise<readonly Change[]>;
}

/** The logs that a write transaction has locked. */
export interface LockedLogs {
  /** The database's time, read together with the heads, so that instances agree. */
  readonly now: Date;
  readonly heads: ReadonlyMap<string, bigint>;
  /** Users with an import into their store in progress. */
  readonly importing: ReadonlySet<string>;
}

/** Which entries can be claimed. */
export interface FreeQuery {
  readonly userId: string;
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly now: Date;
  /**
   * Only entries that were claimed fewer times than this, and fewer times than the limit of their latest claim. Null:
   * only the limit of their latest claim counts. Undefined: neither counts.
   */
  readonly maxAttempts?: number | null;
  /** Only keys after this one; empty for all. */
  readonly after: string;
}

/** The first free entries of a range of keys. */
export interface FreeEntries {
  readonly entries: readonly StoredHead[];
  /** The last key that was examined. Null: all free entries were found, or as many as wanted. */
  readonly stoppedAt: string | null;
}

/** The totals of a part of a user's namespaces. */
export interface NamespaceTotals extends Usage {
  /** The name of the last one; null if there is none. */
  readonly last: string | null;
}

/** A part of a list that is sorted by name. */
export interface NamePage {
  /** Only names after this one; empty for all. */
  readonly after: string;
  readonly maxItems: number;
}

/** A range of keys of one namespace. */
export interface KeyRange {
  readonly userId: string;
  readonly namespace: string;
  readonly from: string;
  /** The first key after the range. */
  readonly before: string;
}

/** What an import needs from a write transaction, in addition to what every write needs. */
export interface ImportTransaction {
  loadImport(userId: string): Promise<ImportState | null>;
  /** Null ends the import. */
  saveImport(userId: string, state: ImportState | null): Promise<void>;
  /** Sets the revision up to which the log is no longer kept. */
  setCompacted(userId: string, compacted: bigint): Promise<void>;
  hasEntries(userId: string, now: Date): Promise<boolean>;
  /** Removes at most `maxItems` changes; returns the number of removed changes. */
  removeChanges(userId: string, maxItems: number): Promise<number>;
  /** Removes at most `maxItems` entries; returns the number of removed entries. */
  removeEntries(userId: string, maxItems: number): Promise<number>;
}

/** The statements of an open write transaction. */
export interface WriteTransaction {
  /** The users whose logs the transaction has locked. */
  readonly userIds: readonly string[];
  /** The logs that the transaction has locked, and the database's time. */
  readLogs(): Promise<LockedLogs>;
  /**
   * The stored entries at these places, each with its value if `withValue` is true.
   * @param maxValueBytes if the wanted values of the places before exceed this, the value is left out; default: no limit
   */
  loadEntries(
    places: readonly WantedEntry[],
    maxValueBytes?: number,
  ): Promise<readonly { readonly userId: string; readonly entry: LoadedEntry }[]>;
  /**
   * The first free entries, sorted by key.
   * @param maxExamined it stops after this number of entries that are not completed and not dead letters
   */
  loadFree(query: FreeQuery, maxItems: number, maxExamined: number): Promise<FreeEntries>;
  /** The stored entries of one namespace whose keys are in a range. */
  loadRange(range: KeyRange): Promise<readonly StoredHead[]>;
  /** The totals of the user's first namespaces after a name, without expired entries. */
  readTotals(userId: string, now: Date, page: NamePage): Promise<NamespaceTotals>;
  /**
   * The number of entries of each namespace that has any, without expired ones.
   * @param page only the first namespaces after a name, in the order of their names; default: all
   */
  countEntries(
    userId: string,
    namespaces: readonly TextMatch[],
    now: Date,
    page?: NamePage,
  ): Promise<Map<string, number>>;
  /** The number of namespaces that have entries. It stops counting at `maxCount`. */
  countNamespaces(
    userId: string,
    namespaces: readonly TextMatch[],
    now: Date,
    maxCount: number,
  ): Promise<number>;
  /**
   * The idempotency records that are newer than `after`. Once the results exceed `maxBytes` together, the results of
   * the remaining records are null.
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

/** Write transactions. */
export interface WriteAccess {
  /** Whether the disk is nearly full, so that only writes that remove data are accepted. */
  readonly isDiskLow: boolean;
  /** Whether the low disk has so little space left that a write must free more than it stores. */
  readonly isDiskVeryLow: boolean;
  /**
   * Runs `work` in a transaction:
   *
   * 1. Begin, create missing logs, and lock the users' logs until the transaction ends. All instances lock in one
   *    order.
   * 2. Run `work` once.
   * 3. Commit if it resolves; roll back if it rejects.
   *
   * @param isOnlyUnlocked if true, the transaction does not wait for logs that another instance has locked. It runs
   *   without these, and its `userIds` lacks their users. Default: wait for all
   */
  write<T>(
    userIds: readonly string[],
    work: (transaction: WriteTransaction) => Promise<T>,
    isOnlyUnlocked?: boolean,
  ): Promise<T>;
  /**
   * Like `write`, for one user and for work that takes long. Transactions of `write` for other users run at the same time.
   *
   * The caller ensures that this process runs no other transaction for this user. `work` can run twice: only the
   * latest run counts.
   */
  writeAlone<T>(
    userId: string,
    work: (transaction: WriteTransaction) => Promise<T>,
    isOnlyUnlocked?: boolean,
  ): Promise<T>;
}

/** Updates the search index from the logs. */
export interface Indexing {
  /** Users whose log is ahead of the search index. */
  readUnindexed(maxUsers: number): Promise<readonly string[]>;
  /** Processes the next part of a user's log, in one short step. Returns how many changes the index is still behind. */
  indexStep(userId: string): Promise<number>;
}

/**
 * How much of each user's log to keep. A change is kept if the age or the count keeps it, unless the log has too many
 * bytes.
 */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxChanges: number;
  /** Most bytes of a log: see `LogSizes`. Left out: any number. */
  readonly maxBytes?: number;
}

/** Work that bounds the size of a store. */
export interface Maintenance {
  /** Starts a new epoch, for a database that was restored to an earlier state (G15). */
  renewEpoch(): Promise<void>;
  /** Stored entries that have expired, the earliest expiry first, except those of an import in progress. */
  readExpired(maxItems: number): Promise<readonly UserPlace[]>;
  /** Removes the idempotency records that are older than `maxAgeMs`, by the database's clock. */
  forgetRecords(maxAgeMs: number): Promise<void>;
  /** Removes the tokens that ended more than `maxAgeMs` ago, by the database's clock. */
  forgetTokens(maxAgeMs: number): Promise<void>;
  /** Looks at the disk. Called every second. */
  watchDisk(): Promise<DiskState>;
  /** Removes the changes that retention does not keep, in short steps. Returns the number of removed changes. */
  compact(retention: Retention, isStopping?: () => boolean): Promise<number>;
}

/** Receives the head of a user's log, which can already have grown further. */
export type HeadListener = (userId: string, head: bigint) => void;

/** News about a user's claims: some changed, or an instance wants to receive such news for the next minute. */
export type ClaimNews = "changed" | "watched";

/** Notifies instances that share a database. A notification can be lost, so its users also poll. */
export interface Notifications {
  /** Notifies other instances that these logs have grown. Does nothing on SQLite. */
  announce(heads: ReadonlyMap<string, bigint>): void;
  /** Notifies other instances about the claims of a user. */
  announceClaims(userId: string, news: ClaimNews): void;
  /** Calls the listeners on notifications of other instances, and `missed` if some may have been lost. */
  listen(
    listener: HeadListener,
    missed: () => void,
    claims: (userId: string, news: ClaimNews) => void,
  ): void;
}

/** Totals of all users' logs. */
export interface LogStatistics {
  readonly users: number;
  readonly changes: number;
  /** The number of changes that were removed, because they were older than the retention. */
  readonly compacted: number;
  /** Time of the oldest change; null if there is none. */
  readonly oldestAt: Date | null;
}

/** The disk that a database is on. */
export interface DiskState {
  /** Null if the database does not tell. */
  readonly freeBytes: number | null;
  /** The space to keep free, in bytes; null with `freeBytes`. */
  readonly keptBytes: number | null;
  /** Whether only writes that remove data are accepted. */
  readonly isLow: boolean;
}

/** Figures for the operator. */
export interface Statistics {
  /** The state of the disk at the last check. */
  disk(): DiskState;
  readLogStatistics(): Promise<LogStatistics>;
  /** Connections in use and idle, and callers that wait for one; null without a pool. */
  connections(): { readonly used: number; readonly idle: number; readonly waiting: number } | null;
}

/** The stored tokens. */
export interface TokenTable {
  insert(token: Token): Promise<void>;
  /**
   * Inserts a token if its user has fewer than `maxValid` tokens that are neither revoked nor expired. Otherwise returns
   * false. On PostgreSQL, concurrent calls do not see one another's tokens, so they can exceed the maximum.
   */
  insertWithin(token: Token, maxValid: number): Promise<boolean>;
  /** Does nothing and returns false if a token with this `tokenId` exists. */
  insertOnce(token: Token): Promise<boolean>;
  findByHash(hash: string): Promise<Token | null>;
  find(tokenIds: readonly string[]): Promise<readonly Token[]>;
  /** Oldest first; of one user, or of all users if null. */
  list(userId: string | null): Promise<readonly Token[]>;
  /** A page of one user's tokens, oldest first, after a position in that order; null: from the start. */
  page(
    userId: string,
    after: Pick<Token, "createdAt" | "tokenId"> | null,
    maxItems: number,
  ): Promise<Page<Token>>;
  /** Returns false if the token does not exist. A repeated call keeps the first time. */
  revoke(tokenId: string, at: Date): Promise<boolean>;
  /** Whether no token was ever created. */
  isEmpty(): Promise<boolean>;

  // How a cache of tokens stays current.
  /**
   * Calls back when a token may have been created or revoked: here, and by other processes if the database notifies.
   */
  watch(changed: () => void): void;
  /**
   * Calls the watchers now if another process has written to the database since the last call. It is called before each
   * use of a cached token, so it takes only microseconds. Does nothing if the database notifies.
   */
  noticeChanges(): void;
  /** Differs from an earlier result if a token was created or revoked in between. One statement. */
  version(): Promise<string>;
}

/** A database that a server can use. */
export interface Database
  extends ReadView, Log, PastLog, WriteAccess, Indexing, Maintenance, Notifications, Statistics {
  /** Runs the statements of `src/store/search`. */
  readonly searchReader: SearchReader;
  readonly tokens: TokenTable;
  /** @throws UNAVAILABLE unless it can serve reads and writes */
  ping(): Promise<void>;
  close(): Promise<void>;
}
