import type { Page, ReadView } from "./contract.ts";
import { listNamespaceNames, namespacesOf, type NamespaceCursor } from "./list-namespaces.ts";
import type { Namespace, Usage } from "./model/entry.ts";
import { checkNamespacePrefix, checkPageSize, type Limits } from "./model/limits.ts";
import { rangeOf, type NamespaceFilter } from "./model/namespace-filter.ts";
import { everything, exact, intersect, prefixed } from "./model/text-match.ts";
import { permittedPart, requireScope, type Viewer } from "./model/viewer.ts";
import type { ReadChecks } from "./read-checks.ts";

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

type Database = Pick<ReadView, "readNamespaces" | "readNamespaceNames" | "readUsage">;

/** The namespaces that a viewer can read, and their totals. */
export class ReadableNamespaces {
  readonly #database: Database;
  readonly #checks: ReadChecks;
  readonly #limits: Limits;

  constructor(database: Database, checks: ReadChecks) {
    this.#database = database;
    this.#checks = checks;
    this.#limits = checks.limits;
  }

  async read(viewer: Viewer, name: string): Promise<Namespace | null> {
    this.#checks.requireReadable(viewer, name, "name");
    const page = await this.#database.readNamespaces(viewer.userId, [exact(name)], null, 1);
    return page.items[0] ?? null;
  }

  async list(
    viewer: Viewer,
    prefix: string,
    first: number,
    after: string | null,
  ): Promise<Page<Namespace>> {
    requireScope(viewer, "read");
    checkNamespacePrefix(this.#limits, "prefix", prefix);
    checkPageSize(this.#limits, first);
    const namespaces = permittedPart(viewer, "read", prefixed(prefix));
    return this.#database.readNamespaces(viewer.userId, namespaces, after, first);
  }

  /**
   * Reads a page of the names that match a filter.
   * @param withTotals whether to read the totals of each namespace, too
   */
  async listFiltered(
    viewer: Viewer,
    { prefix, filter, first, after }: FilteredNamespacesInput,
    withTotals: boolean,
  ): Promise<ListedNamespaces> {
    requireScope(viewer, "read");
    checkNamespacePrefix(this.#limits, "prefix", prefix);
    checkPageSize(this.#limits, first);
    const range = intersect(prefixed(prefix), rangeOf(filter));
    const namespaces = range === null ? [] : permittedPart(viewer, "read", range);
    const query = { userId: viewer.userId, namespaces, filter, first, after };
    const page = await listNamespaceNames(this.#database, this.#limits, query);
    const names = page.items.map(({ name }) => name);
    const cursors = new Map(page.items.map(({ name, cursor }) => [name, cursor]));
    const items = withTotals
      ? await namespacesOf(this.#database, this.#limits, query, names)
      : names.map((name) => ({ name }));
    return { ...page, items, cursors };
  }

  async usage(viewer: Viewer): Promise<Usage> {
    requireScope(viewer, "read");
    return this.#database.readUsage(viewer.userId, permittedPart(viewer, "read", everything));
  }
}
