import { badUserInput, limitExceeded } from "../errors.ts";
import { awaitRevision } from "./await-revision.ts";
import type { EntryQuery, Page, ReadView } from "./contract.ts";
import { filterPage, type FilteredPage, type ListPage } from "./filter-page.ts";
import { entriesByCreation, entriesByPlace } from "./filtered-lists.ts";
import type { Entry, EntryHead } from "./model/entry.ts";
import {
  checkKey,
  checkNamespacePrefix,
  checkPageSize,
  checkSearch,
  type Limits,
} from "./model/limits.ts";
import type { Place } from "./model/place.ts";
import { exact, prefixed } from "./model/text-match.ts";
import { permittedPart, requireScope, type Viewer } from "./model/viewer.ts";
import type { Where } from "./model/where.ts";
import { filterBounds, pageBounds } from "./read-bounds.ts";
import type { ReadChecks, SelectionInput } from "./read-checks.ts";
import { readCreated } from "./read-created.ts";
import { readPast, type PastDatabase } from "./read-past.ts";
import { readWholePage } from "./read-whole-page.ts";
import { search, type Found, type SearchDatabase } from "./search/search.ts";

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

export interface CreatedInput extends Omit<EntriesInput, "after"> {
  /** Only entries after this `createdRevision`, in the order of the page; null: from the start. */
  readonly after: bigint | null;
  readonly isNewestFirst: boolean;
  /** If true, values are not loaded, and must not be read. */
  readonly withoutValues: boolean;
}

export interface SearchInput {
  readonly text: string;
  readonly namespacePrefix: string;
  readonly first: number;
  /** Only entries of earlier revisions; null for all. */
  readonly before: bigint | null;
}

type Database = Pick<ReadView, "readEntry" | "readEntryHeads" | "readCreatedEntries"> &
  PastDatabase &
  SearchDatabase;

/** The entries that a viewer can read: one, a page of a list, or those that contain a text. */
export class ReadableEntries {
  readonly #database: Database;
  readonly #checks: ReadChecks;
  readonly #limits: Limits;

  constructor(database: Database, checks: ReadChecks) {
    this.#database = database;
    this.#checks = checks;
    this.#limits = checks.limits;
  }

  async read(viewer: Viewer, namespace: string, key: string): Promise<Entry | null> {
    return this.#database.readEntry(viewer.userId, this.#checks.place(viewer, namespace, key));
  }

  /** Reads an entry as of a revision: a state that includes it, or exactly the state at it. */
  async readAsOf(
    viewer: Viewer,
    { namespace, key }: Place,
    asOf: AsOf,
    closed: AbortSignal | null,
  ): Promise<Entry | null> {
    const place = this.#checks.place(viewer, namespace, key);
    await this.#awaitRevision(viewer, asOf, closed);
    if (asOf.at == null) return this.#database.readEntry(viewer.userId, place);
    const query = {
      userId: viewer.userId,
      selection: { namespaces: [exact(namespace)], keys: exact(key) },
      onlyKeys: null,
      after: null,
      at: asOf.at,
    };
    const { items } = await readPast(
      this.#database,
      query,
      filterBounds(this.#limits, viewer.userId, 1, closed),
    );
    return items[0] ?? null;
  }

  /** @param closed ends the reading when the caller has disconnected */
  async list(
    viewer: Viewer,
    input: EntriesInput,
    closed: AbortSignal | null = null,
  ): Promise<ListPage<Entry, Place>> {
    const query = this.#entryQuery(viewer, input);
    const { where } = query.selection;
    if (input.atLeast != null) await this.#awaitRevision(viewer, input, closed);
    if (input.at != null) return this.#pastEntries(query, input.at, input.first, closed);
    if (where) return this.#filteredEntries(query, where, input.first, closed);
    const bounds = { ...pageBounds(this.#limits, input.first), closed };
    return readWholePage((...part) => this.#database.readEntries(...part), query, bounds);
  }

  /** Like `list`, but without the values. */
  async listHeads(
    viewer: Viewer,
    input: EntriesInput,
    closed: AbortSignal | null = null,
  ): Promise<ListPage<EntryHead, Place>> {
    const query = this.#entryQuery(viewer, input);
    if (input.at != null || query.selection.where) {
      const page = await this.list(viewer, input, closed);
      return { ...page, items: page.items.map(headOf) };
    }
    if (input.atLeast != null) await this.#awaitRevision(viewer, input, closed);
    const bounds = { ...pageBounds(this.#limits, input.first), closed };
    return readWholePage((...part) => this.#database.readEntryHeads(...part), query, bounds);
  }

  /**
   * Reads entries in the order of their creation.
   * @param closed ends the reading when the caller has disconnected
   */
  async listByCreation(
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
      const page = await filterPage(
        list,
        after,
        filterBounds(this.#limits, viewer.userId, input.first, closed),
      );
      return withoutValues ? { ...page, items: page.items.map(headOf) as Entry[] } : page;
    }
    return readCreated(
      this.#database,
      { userId, selection, onlyKeys, after, isNewestFirst, withoutValues },
      { ...pageBounds(this.#limits, input.first), closed },
    );
  }

  /**
   * Reads entries that contain a text in their key or value, the last written first.
   * @param closed ends the search when the caller has disconnected
   */
  async search(
    viewer: Viewer,
    input: SearchInput,
    closed: AbortSignal | null,
  ): Promise<Page<Found>> {
    requireScope(viewer, "read");
    checkNamespacePrefix(this.#limits, "namespacePrefix", input.namespacePrefix);
    checkPageSize(this.#limits, input.first);
    const query = {
      userId: viewer.userId,
      namespaces: permittedPart(viewer, "read", prefixed(input.namespacePrefix)),
      folded: checkSearch(this.#limits, "text", input.text),
      before: input.before,
    };
    return search(this.#database, query, pageBounds(this.#limits, input.first), closed);
  }

  #pastEntries(
    { after, ...query }: EntryQuery,
    at: bigint,
    first: number,
    closed: AbortSignal | null,
  ): Promise<FilteredPage<Entry, Place>> {
    const bounds = filterBounds(this.#limits, query.userId, first, closed);
    return readPast(this.#database, { ...query, after: after as Place | null, at }, bounds);
  }

  #filteredEntries(
    { after, ...query }: EntryQuery,
    where: Where,
    first: number,
    closed: AbortSignal | null,
  ): Promise<FilteredPage<Entry, Place>> {
    const list = entriesByPlace(this.#database, query, where);
    return filterPage(
      list,
      after as Place | null,
      filterBounds(this.#limits, query.userId, first, closed),
    );
  }

  #entryQuery(viewer: Viewer, input: EntriesInput): EntryQuery {
    checkPageSize(this.#limits, input.first);
    const keys = input.keys ?? null;
    if (keys) {
      if (input.keyPrefix != null)
        throw badUserInput("keys", "`keys` and `keyPrefix` cannot be combined.");
      if (keys.length > this.#limits.maxPageSize) {
        const { maxPageSize } = this.#limits;
        throw limitExceeded(
          "maxPageSize",
          maxPageSize,
          `One call can request at most ${maxPageSize} keys.`,
          "keys",
        );
      }
      keys.forEach((key, index) => checkKey(this.#limits, `keys.${index}`, key));
    }
    const selection = this.#checks.select(viewer, input);
    return { userId: viewer.userId, selection, onlyKeys: keys, after: input.after };
  }

  async #awaitRevision(viewer: Viewer, { atLeast }: AsOf, closed: AbortSignal | null) {
    if (atLeast != null) await awaitRevision(this.#database, viewer.userId, atLeast, closed);
  }
}

/** Returns the entry without its value. */
function headOf(entry: Entry): EntryHead {
  const head: EntryHead & { value?: string } = { ...entry };
  delete head.value;
  return head;
}
