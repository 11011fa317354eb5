import type { EntryQuery, Log, LogEnds, Page, PastLog, ReadView } from "./contract.ts";
import { badUserInput, limitExceeded } from "../errors.ts";
import { filterPage, type FilterBounds, type FilteredPage } from "./filter-page.ts";
import { entriesByCreation, entriesByPlace } from "./filtered-lists.ts";
import type { Selection, ShownChange } from "./model/change.ts";
import type { StoredEntry } from "./model/claim.ts";
import type { HeldClaim } from "./model/claim-counts.ts";
import type { Place } from "./model/place.ts";
import type { Entry, EntryHead, Namespace, Usage } from "./model/entry.ts";
import { listNamespaceNames, namespacesOf, type NamespaceCursor } from "./list-namespaces.ts";
import { rangeOf, type NamespaceFilter } from "./model/namespace-filter.ts";
import {
  checkKey,
  checkKeyPrefix,
  checkNamespace,
  checkNamespacePrefix,
  checkPageSize,
  checkSearch,
  maxExaminedBytes,
  type Limits,
} from "./model/limits.ts";
import {
  countClaims,
  readClaimedNamespaces,
  readHeldPage,
  type ClaimedNamespace,
  type ClaimTally,
} from "./read-claims.ts";
import { readHeadsAgo } from "./read-heads-ago.ts";
import { awaitRevision } from "./await-revision.ts";
import { readCreated } from "./read-created.ts";
import { readPast } from "./read-past.ts";
import { readChanges, readFilteredChanges } from "./read-changes.ts";
import { search, type Found, type SearchDatabase } from "./search/search.ts";
import { everything, exact, intersect, prefixed, type TextMatch } from "./model/text-match.ts";
import { readWhere, type Where, type WhereInput } from "./model/where.ts";
import { permittedPart, requireNamespace, requireScope, type Viewer } from "./model/viewer.ts";

/** The largest number of times in one call of `headsAgo`. */
const maxInstants = 100;

/** Which part of the store a reader selects. An omitted field does not restrict the selection. */
export interface SelectionInput {
  readonly namespace?: string | null | undefined;
  readonly namespacePrefix?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly keyPrefix?: string | null | undefined;
  /** Conditions on the value. */
  readonly where?: readonly WhereInput[] | null | undefined;
}

/** Which state of the store a read shows. Default: the current one. */
export interface AsOf {
  /** A state that includes this revision. */
  readonly atLeast?: bigint | null | undefined;
  /** The state right after this revision. */
  readonly at?: bigint | null | undefined;
}

export interface EntriesInput extends SelectionInput, AsOf {
  readonly keys?: readonly string[] | null | undefined;
  readonly first: number;
  readonly after: Place | null;
}

export interface DeadLettersInput {
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly first: number;
  /** Only keys after this one; null for all. */
  readonly after: string | null;
}

export interface ClaimsInput extends Omit<SelectionInput, "key"> {
  readonly first: number;
  readonly after: Place | null;
}

export interface ClaimedNamespacesInput {
  readonly namespacePrefix: string;
  readonly first: number;
  /** Only later names; null for all. */
  readonly after: string | null;
}

export interface CreatedInput extends Omit<EntriesInput, "after"> {
  /** Only entries after this `createdRevision`, in the order of the page; null: from the start. */
  readonly after: bigint | null;
  readonly isNewestFirst: boolean;
  /** If true, values are not loaded, and must not be read. */
  readonly withoutValues: boolean;
}

export interface ChangesInput extends SelectionInput {
  /** The epoch of `after`. Default: not checked. */
  readonly epoch?: string | null | undefined;
  readonly first: number;
  /** Only changes after this revision, in the order of the page; null: from the start. */
  readonly after: bigint | null;
  /** Default: false, which lists the oldest first. */
  readonly isNewestFirst?: boolean;
}

export interface SearchInput {
  readonly text: string;
  readonly namespacePrefix: string;
  readonly first: number;
  /** Only entries of earlier revisions; null for all. */
  readonly before: bigint | null;
}

export interface FilteredNamespacesInput {
  readonly prefix: string;
  readonly filter: NamespaceFilter;
  readonly first: number;
  readonly after: NamespaceCursor | null;
}

/** A page of filtered namespaces. Each has only its name if the totals were not read. */
export interface ListedNamespaces extends Page<Namespace | Pick<Namespace, "name">> {
  /** The cursor of each listed name. */
  readonly cursors: ReadonlyMap<string, NamespaceCursor>;
  /** Where the next page begins. */
  readonly end: NamespaceCursor | null;
}

/** A page of a list. In a filtered list, the next page begins at `end`. */
export type ListPage<T, P> = Page<T> & { readonly end?: P | null };

/** The part of a database that the store reads. */
export interface StoreDatabase extends ReadView, Log, PastLog, SearchDatabase {}

/**
 * The entry point of reads. Every read checks the viewer's scopes and namespaces (G1) and the limits (G9) before it
 * accesses the database.
 */
export class Store {
  readonly limits: Limits;
  readonly #database: StoreDatabase;

  constructor(database: StoreDatabase, limits: Limits) {
    this.#database = database;
    this.limits = limits;
  }

  async entry(viewer: Viewer, namespace: string, key: string): Promise<Entry | null> {
    return this.#database.readEntry(viewer.userId, this.place(viewer, namespace, key));
  }

  /** Reads an entry as of a revision: a state that includes it, or exactly the state at it. */
  async entryAsOf(
    viewer: Viewer,
    { namespace, key }: Place,
    asOf: AsOf,
    closed: AbortSignal | null,
  ): Promise<Entry | null> {
    const place = this.place(viewer, namespace, key);
    await this.#awaitRevision(viewer, asOf, closed);
    if (asOf.at == null) return this.#database.readEntry(viewer.userId, place);
    const query = {
      userId: viewer.userId,
      selection: { namespaces: [exact(namespace)], keys: exact(key) },
      onlyKeys: null,
      after: null,
      at: asOf.at,
    };
    const { items } = await readPast(this.#database, query, this.#filterBounds(viewer, 1, closed));
    return items[0] ?? null;
  }

  async #awaitRevision(viewer: Viewer, { atLeast }: AsOf, closed: AbortSignal | null) {
    if (atLeast != null) await awaitRevision(this.#database, viewer.userId, atLeast, closed);
  }

  /**
   * Returns a place after checking that the viewer can read it.
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  place(viewer: Viewer, namespace: string, key: string): Place {
    this.#requireRead(viewer, namespace, "namespace");
    checkKey(this.limits, "key", key);
    return { namespace, key };
  }

  /** @param closed ends the reading when the caller has disconnected */
  async entries(
    viewer: Viewer,
    input: EntriesInput,
    closed: AbortSignal | null = null,
  ): Promise<ListPage<Entry, Place>> {
    const query = this.#entryQuery(viewer, input);
    const { where } = query.selection;
    if (input.atLeast != null) await this.#awaitRevision(viewer, input, closed);
    if (input.at != null) return this.#pastEntries(query, input.at, input.first, closed);
    if (where) return this.#filteredEntries(query, where, input.first, closed);
    return this.#database.readEntries(query, this.#pageBounds(input.first));
  }

  /** Like `entries`, but without the values. */
  async entryHeads(
    viewer: Viewer,
    input: EntriesInput,
    closed: AbortSignal | null = null,
  ): Promise<ListPage<EntryHead, Place>> {
    const query = this.#entryQuery(viewer, input);
    if (input.at != null || query.selection.where) {
      const page = await this.entries(viewer, input, closed);
      return { ...page, items: page.items.map(headOf) };
    }
    if (input.atLeast != null) await this.#awaitRevision(viewer, input, closed);
    return this.#database.readEntryHeads(query, this.#pageBounds(input.first));
  }

  #pastEntries(
    { after, ...query }: EntryQuery,
    at: bigint,
    first: number,
    closed: AbortSignal | null,
  ): Promise<FilteredPage<Entry, Place>> {
    const bounds = this.#filterBounds(query, first, closed);
    return readPast(this.#database, { ...query, after: after as Place | null, at }, bounds);
  }

  #filteredEntries(
    { after, ...query }: EntryQuery,
    where: Where,
    first: number,
    closed: AbortSignal | null,
  ): Promise<FilteredPage<Entry, Place>> {
    const list = entriesByPlace(this.#database, query, where);
    return filterPage(list, after as Place | null, this.#filterBounds(query, first, closed));
  }

  /**
   * Reads entries in the order of their creation.
   * @param closed ends the reading when the caller has disconnected
   */
  async createdEntries(
    viewer: Viewer,
    input: CreatedInput,
    closed: AbortSignal | null,
  ): Promise<ListPage<Entry, bigint>> {
    const { userId, selection, onlyKeys } = this.#entryQuery(viewer, { ...input, after: null });
    const { after, isNewestFirst, withoutValues } = input;
    if (input.at != null) {
      throw badUserInput("at", "Entries at a past revision can only be listed by key.");
    }
    if (input.atLeast != null) await this.#awaitRevision(viewer, input, closed);
    if (selection.where) {
      const query = { userId, selection, onlyKeys, isNewestFirst };
      const list = entriesByCreation(this.#database, query, selection.where);
      const page = await filterPage(list, after, this.#filterBounds(viewer, input.first, closed));
      return withoutValues ? { ...page, items: page.items.map(headOf) as Entry[] } : page;
    }
    return readCreated(
      this.#database,
      { userId, selection, onlyKeys, after, isNewestFirst, withoutValues },
      { ...this.#pageBounds(input.first), closed },
    );
  }

  #entryQuery(viewer: Viewer, input: EntriesInput): EntryQuery {
    checkPageSize(this.limits, input.first);
    const keys = input.keys ?? null;
    if (keys) {
      if (input.keyPrefix != null)
        throw badUserInput("keys", "`keys` and `keyPrefix` cannot be combined.");
      if (keys.length > this.limits.maxPageSize) {
        const { maxPageSize } = this.limits;
        throw limitExceeded(
          "maxPageSize",
          maxPageSize,
          `One call can request at most ${maxPageSize} keys.`,
          "keys",
        );
      }
      keys.forEach((key, index) => checkKey(this.limits, `keys.${index}`, key));
    }
    const selection = this.select(viewer, input);
    return { userId: viewer.userId, selection, onlyKeys: keys, after: input.after };
  }

  /** Reads dead-lettered entries of one namespace, sorted by key. */
  async deadLetters(viewer: Viewer, input: DeadLettersInput): Promise<Page<StoredEntry>> {
    checkPageSize(this.limits, input.first);
    const { namespace, keyPrefix, after } = input;
    // The cursor is the caller's text, so it is checked like a key.
    if (after !== null) checkKey(this.limits, "after", after);
    const query = {
      userId: viewer.userId,
      selection: this.select(viewer, { namespace, keyPrefix }),
      onlyKeys: null,
      onlyDeadLettered: true,
      after: after === null ? null : { namespace, key: after },
    };
    return this.#database.readStoredEntries(query, this.#pageBounds(input.first));
  }

  /** Reads an entry with the state of the work on it; null if it does not exist. */
  async claimState(viewer: Viewer, namespace: string, key: string): Promise<StoredEntry | null> {
    const place = this.place(viewer, namespace, key);
    const query = {
      userId: viewer.userId,
      selection: { namespaces: [exact(place.namespace)], keys: exact(place.key) },
      onlyKeys: null,
      after: null,
    };
    const { items } = await this.#database.readStoredEntries(query, this.#pageBounds(1));
    return items[0] ?? null;
  }

  /** Reads the claims that hold entries at these places, which the viewer has already read. */
  async heldClaims(viewer: Viewer, places: readonly Place[]): Promise<readonly HeldClaim[]> {
    requireScope(viewer, "read");
    return this.#database.readHeldClaims(viewer.userId, places);
  }

  /** Reads the claims that hold entries, sorted by namespace and then key. */
  async claims(
    viewer: Viewer,
    { first, after, ...selected }: ClaimsInput,
    closed: AbortSignal | null,
  ): Promise<Page<HeldClaim>> {
    checkPageSize(this.limits, first);
    const query = { userId: viewer.userId, selection: this.select(viewer, selected), after };
    return readHeldPage(this.#database, query, { ...this.#pageBounds(first), closed });
  }

  /**
   * Counts the entries of a selection by the state of the work on them.
   * @param closed ends the counting when the caller has disconnected
   */
  claimCounts(
    userId: string,
    selection: Selection,
    closed: AbortSignal | null,
  ): Promise<ClaimTally> {
    return countClaims(this.#database, { userId, selection }, closed);
  }

  /** Reads the namespaces that agents claim from, sorted by name, each with the progress of the work. */
  async claimedNamespaces(
    viewer: Viewer,
    { namespacePrefix, first, after }: ClaimedNamespacesInput,
    closed: AbortSignal | null,
  ): Promise<Page<ClaimedNamespace>> {
    checkPageSize(this.limits, first);
    if (after !== null) checkNamespace(this.limits, "after", after);
    const selection = this.select(viewer, { namespacePrefix });
    const query = { userId: viewer.userId, selection };
    return readClaimedNamespaces(this.#database, query, { first, after }, closed);
  }

  /** Reads entries that contain a text in their key or value, the last written first. */
  async searchEntries(viewer: Viewer, input: SearchInput): Promise<Page<Found>> {
    requireScope(viewer, "read");
    checkNamespacePrefix(this.limits, "namespacePrefix", input.namespacePrefix);
    checkPageSize(this.limits, input.first);
    const query = {
      userId: viewer.userId,
      namespaces: permittedPart(viewer, "read", prefixed(input.namespacePrefix)),
      folded: checkSearch(this.limits, "text", input.text),
      before: input.before,
    };
    return search(this.#database, query, this.#pageBounds(input.first));
  }

  /**
   * Reads a page of the log.
   * @param closed ends the reading when the caller has disconnected
   */
  async changes(
    viewer: Viewer,
    input: ChangesInput,
    closed: AbortSignal | null,
  ): Promise<ListPage<ShownChange, bigint>> {
    checkPageSize(this.limits, input.first);
    const { userId } = viewer;
    const selection = this.select(viewer, input);
    const { after, epoch = null, isNewestFirst = false } = input;
    const query = { userId, selection, after, epoch, isNewestFirst };
    if (selection.where) {
      return readFilteredChanges(
        this.#database,
        query,
        this.#filterBounds(viewer, input.first, closed),
      );
    }
    return readChanges(this.#database, query, { ...this.#pageBounds(input.first), closed });
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
    const namespaces = permittedPart(viewer, "read", prefixed(prefix));
    return this.#database.readNamespaces(viewer.userId, namespaces, after, first);
  }

  /**
   * Reads a page of the names that match a filter.
   * @param withTotals whether to read the totals of each namespace, too
   */
  async filteredNamespaces(
    viewer: Viewer,
    { prefix, filter, first, after }: FilteredNamespacesInput,
    withTotals: boolean,
  ): Promise<ListedNamespaces> {
    requireScope(viewer, "read");
    checkNamespacePrefix(this.limits, "prefix", prefix);
    checkPageSize(this.limits, first);
    const range = intersect(prefixed(prefix), rangeOf(filter));
    const namespaces = range === null ? [] : permittedPart(viewer, "read", range);
    const query = { userId: viewer.userId, namespaces, filter, first, after };
    const page = await listNamespaceNames(this.#database, this.limits, query);
    const names = page.items.map(({ name }) => name);
    const cursors = new Map(page.items.map(({ name, cursor }) => [name, cursor]));
    const items = withTotals
      ? await namespacesOf(this.#database, this.limits, query, names)
      : names.map((name) => ({ name }));
    return { ...page, items, cursors };
  }

  async usage(viewer: Viewer): Promise<Usage> {
    requireScope(viewer, "read");
    return this.#database.readUsage(viewer.userId, permittedPart(viewer, "read", everything));
  }

  /**
   * Reads the ends of the viewer's log. Any token can read them: a revision alone reveals nothing about the changes.
   */
  async logEnds(viewer: Viewer): Promise<LogEnds> {
    return this.#database.readLogEnds(viewer.userId);
  }

  /**
   * Reads the head that the viewer's log had the given numbers of seconds ago.
   * @throws LIMIT_EXCEEDED, BAD_USER_INPUT, FORBIDDEN
   */
  async headsAgo(viewer: Viewer, secondsAgo: readonly number[]): Promise<bigint[]> {
    requireScope(viewer, "read");
    if (secondsAgo.length > maxInstants) {
      throw limitExceeded(
        "maxInstants",
        maxInstants,
        `One call can request at most ${maxInstants} times; this one requests ${secondsAgo.length}.`,
        "secondsAgo",
      );
    }
    const wrong = secondsAgo.findIndex((seconds) => seconds < 0);
    if (wrong >= 0) throw badUserInput(`secondsAgo.${wrong}`, "Must be at least 0.");
    return readHeadsAgo(this.#database, viewer.userId, secondsAgo);
  }

  /**
   * Returns the selection of a read or subscription, reduced to what its viewer can read.
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  select(viewer: Viewer, input: SelectionInput): Selection {
    requireScope(viewer, "read");
    const namespaces = this.#selectNamespaces(viewer, input);
    const keys = this.#selectKeys(input);
    const where = readWhere(this.limits, "where", input.where);
    return where === null ? { namespaces, keys } : { namespaces, keys, where };
  }

  #selectNamespaces(viewer: Viewer, { namespace, namespacePrefix }: SelectionInput): TextMatch[] {
    if (namespace != null && namespacePrefix != null) {
      throw badUserInput(
        "namespacePrefix",
        "`namespace` and `namespacePrefix` cannot be combined.",
      );
    }
    if (namespace != null) {
      this.#requireRead(viewer, namespace, "namespace");
      return [exact(namespace)];
    }
    checkNamespacePrefix(this.limits, "namespacePrefix", namespacePrefix ?? "");
    return permittedPart(viewer, "read", prefixed(namespacePrefix ?? ""));
  }

  #selectKeys({ key, keyPrefix }: SelectionInput): TextMatch {
    if (key != null && keyPrefix != null) {
      throw badUserInput("keyPrefix", "`key` and `keyPrefix` cannot be combined.");
    }
    if (key != null) {
      checkKey(this.limits, "key", key);
      return exact(key);
    }
    checkKeyPrefix(this.limits, "keyPrefix", keyPrefix ?? "");
    return prefixed(keyPrefix ?? "");
  }

  #requireRead(viewer: Viewer, namespace: string, argument: string): void {
    requireScope(viewer, "read");
    checkNamespace(this.limits, argument, namespace);
    requireNamespace(viewer, "read", namespace);
  }

  #filterBounds(
    { userId }: Pick<Viewer, "userId">,
    first: number,
    closed: AbortSignal | null,
  ): FilterBounds {
    const { maxExaminedItems } = this.limits;
    const examined = { maxExaminedItems, maxExaminedBytes: maxExaminedBytes(this.limits) };
    return { userId, ...this.#pageBounds(first), ...examined, closed };
  }

  #pageBounds(first: number): { maxItems: number; maxBytes: number } {
    return { maxItems: first, maxBytes: this.limits.maxPageBytes };
  }
}

/** Returns the entry without its value. */
function headOf(entry: Entry): EntryHead {
  const head: EntryHead & { value?: string } = { ...entry };
  delete head.value;
  return head;
}
