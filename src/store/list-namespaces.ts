import { limitExceeded } from "../errors.ts";
import type { NameBound, Page, ReadView } from "./contract.ts";
import type { Namespace } from "./model/entry.ts";
import type { Limits } from "./model/limits.ts";
import { passes, type NamespaceFilter } from "./model/namespace-filter.ts";
import {
  compareText,
  exact,
  intersect,
  prefixed,
  prefixEnd,
  type TextMatch,
} from "./model/text-match.ts";

/** Where a filtered list of namespaces continues. */
export interface NamespaceCursor {
  readonly bound: NameBound;
  /** Listed names that were not cut. Longer names after the bound can be cut to them. */
  readonly listed: readonly string[];
}

/** A name of the list, and where the list continues after it. */
export interface ListedName {
  readonly name: string;
  readonly cursor: NamespaceCursor;
}

export interface ListedNames {
  readonly items: readonly ListedName[];
  readonly hasMore: boolean;
  /** Where the next page begins; null if there was no name to examine. */
  readonly end: NamespaceCursor | null;
}

export interface NamespaceListQuery {
  readonly userId: string;
  /** The names to examine. */
  readonly namespaces: readonly TextMatch[];
  readonly filter: NamespaceFilter;
  readonly first: number;
  readonly after: NamespaceCursor | null;
}

type NamesView = Pick<ReadView, "readNamespaceNames">;

const minStretch = 100;
const maxStretch = 1_000;

/**
 * Reads a page of the names that match a filter, in order. It reads only the rows of namespaces, not entries:
 *
 * 1. Read the next names.
 * 2. List each name that matches. With a depth, list its cut name instead, unless that is already listed.
 * 3. Continue after the last name. After a name that was cut, skip all names with the same cut name.
 * 4. End the page when it is full and another name matches, at the end of the names, or after `maxExaminedItems` names.
 *
 * A name of exactly the depth can sort long before the longer names that are cut to it: `a`, `a-b`, `a:b`. So the
 * cursor holds the names that were listed.
 */
export async function listNamespaceNames(
  view: NamesView,
  { maxExaminedItems }: Limits,
  { userId, namespaces, filter, first, after }: NamespaceListQuery,
): Promise<ListedNames> {
  const { delimiter, depth } = filter;
  const items: ListedName[] = [];
  let bound = after?.bound ?? null;
  let listed = after?.listed ?? [];
  let left = maxExaminedItems;
  let stretch = minStretch;
  const pageEnd = () =>
    items.length === first
      ? (items.at(-1)?.cursor ?? null)
      : bound === null
        ? null
        : { bound, listed };
  while (left > 0) {
    const page = await view.readNamespaceNames(userId, namespaces, bound, Math.min(stretch, left));
    let skipped: string | null = null;
    for (const name of page.items) {
      left--;
      bound = { name, isIncluded: false };
      if (skipped !== null && name.startsWith(skipped)) continue;
      skipped = null;
      const segments = name.split(delimiter);
      listed = listed.filter((earlier) => mayStandBehind(earlier, name, delimiter));
      const isCut = depth !== null && segments.length > depth;
      const shown = isCut ? segments.slice(0, depth).join(delimiter) : name;
      const isListed = isCut && listed.includes(shown);
      if (!isListed && !passes(filter, segments)) continue;
      if (isCut) skipped = shown + delimiter;
      if (isListed) continue;
      if (items.length === first) return { items, hasMore: true, end: pageEnd() };
      if (segments.length === depth) listed = [...listed, name];
      items.push({ name: shown, cursor: { bound: behind(name, skipped), listed } });
    }
    if (!page.hasMore) return { items, hasMore: false, end: pageEnd() };
    if (skipped !== null && bound !== null) bound = behind(bound.name, skipped);
    // After a skip, most names of a long read would be skipped too.
    stretch = skipped === null ? Math.min(2 * stretch, maxStretch) : minStretch;
  }
  return { items, hasMore: true, end: pageEnd() };
}

/** The position after a name, or after all names that begin with the skipped text. */
function behind(name: string, skipped: string | null): NameBound {
  const end = skipped === null ? null : prefixEnd(skipped);
  return end === null ? { name, isIncluded: false } : { name: end, isIncluded: true };
}

/** Whether names after `name` can be cut to the listed name. */
function mayStandBehind(earlier: string, name: string, delimiter: string): boolean {
  if (!name.startsWith(earlier)) return false;
  const end = prefixEnd(earlier + delimiter);
  return end === null || compareText(name, end) < 0;
}

type TotalsView = Pick<ReadView, "readNamespaces">;

/**
 * Reads the totals of the listed names. A cut name has the sums of all matching namespaces that are cut to it.
 * @throws LIMIT_EXCEEDED if the page sums up more than `maxExaminedItems` namespaces
 */
export async function namespacesOf(
  view: TotalsView,
  { maxExaminedItems }: Limits,
  { userId, namespaces, filter }: NamespaceListQuery,
  names: readonly string[],
): Promise<Namespace[]> {
  const { delimiter, depth } = filter;
  if (depth === null) {
    if (names.length === 0) return [];
    const { items } = await view.readNamespaces(userId, names.map(exact), null, names.length);
    return [...items];
  }
  const found: Namespace[] = [];
  let left = maxExaminedItems;
  for (const name of names) {
    const isWhole = name.split(delimiter).length < depth;
    const wanted = isWhole ? [exact(name)] : [exact(name), prefixed(name + delimiter)];
    const parts = namespaces.flatMap((one) => wanted.flatMap((two) => intersect(one, two) ?? []));
    let total: Namespace | null = null;
    let after: string | null = null;
    for (let hasMore = parts.length > 0; hasMore;) {
      if (left <= 0) throw tooMany(maxExaminedItems);
      const page: Page<Namespace> = await view.readNamespaces(
        userId,
        parts,
        after,
        Math.min(totalsStretch, left),
      );
      left -= Math.max(1, page.items.length);
      const members = page.items.filter((one) => passes(filter, one.name.split(delimiter)));
      if (members.length > 0)
        total = together(name, total === null ? members : [total, ...members]);
      after = page.items.at(-1)?.name ?? null;
      hasMore = page.hasMore;
    }
    if (total !== null) found.push(total);
  }
  return found;
}

/** A namespace has up to 100 agents. This bounds how many of these lists are in memory. */
const totalsStretch = 100;
/** The list of agents is not paged. */
const maxShownAgents = 100;

function together(name: string, members: readonly Namespace[]): Namespace {
  const agents = new Set(members.flatMap((member) => member.agents));
  return {
    name,
    entryCount: members.reduce((sum, { entryCount }) => sum + entryCount, 0),
    sizeBytes: members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    updatedAt: new Date(Math.max(...members.map(({ updatedAt }) => updatedAt.getTime()))),
    agents: [...agents].sort(compareText).slice(0, maxShownAgents),
  };
}

function tooMany(maxExaminedItems: number) {
  return limitExceeded(
    "maxExaminedItems",
    maxExaminedItems,
    `This page would sum up more than ${maxExaminedItems} namespaces. Request only the names, a smaller page, or a greater depth.`,
  );
}
