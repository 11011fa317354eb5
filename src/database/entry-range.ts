import type { EntryQuery } from "../store/contract.ts";
import type { Place } from "../store/model/place.ts";
import {
  compareText,
  firstText,
  matches,
  prefixEnd,
  type TextMatch,
} from "../store/model/text-match.ts";
import { endsBefore, matchesTextAfter } from "./entries-after.ts";
import { examinedRows } from "./examined-rows.ts";
import { empty, isInAny, matchesAny, matchesText, sql, type Sql, type SqlReader } from "./sql.ts";

/** A part of the selected entries, for one statement. */
export interface EntryRange {
  /** Matches the entries of this part by namespace and key. */
  readonly condition: Sql;
  /** All selected entries that are not in this part sort after this place; null if there are none. */
  readonly next: Place | null;
}

/** Which entries to divide into parts. */
export type RangeQuery = Pick<EntryQuery, "userId" | "selection" | "after"> &
  Partial<Pick<EntryQuery, "onlyKeys">>;

type Prefix = TextMatch & { readonly kind: "prefix" };
type Start = EntryQuery["after"];

/**
 * Returns the next entries of a selection that one statement can examine in a short time, even if few of them match:
 *
 * 1. Exact namespaces are ranges of the index without other entries. One statement searches all that come first.
 * 2. So is a prefix with all keys of its namespaces, if nothing follows it.
 * 3. Otherwise, a statement finds the place up to which it examines the entries, selected or not.
 */
export async function rangeAfter(
  client: SqlReader,
  { userId, selection, after, onlyKeys = null }: RangeQuery,
): Promise<EntryRange> {
  const { keys } = selection;
  const ahead = selection.namespaces.filter((match) => after === null || isAhead(match, after));
  const [first, another] = ahead;
  if (!first) return { condition: sql`1 = 0`, next: null };
  const start = after !== null && isWithin(first, after) ? after : null;
  if (first.kind === "exact") return exactRange(ahead, keys, start);
  if (!another && firstText(keys) === "" && onlyKeys === null) {
    return { condition: inPrefix(first, start, null), next: null };
  }
  const end = await readEnd(client, userId, ahead, start);
  const within = end ? ahead.filter((match) => isUpTo(match, end)) : ahead;
  const places =
    within.length === 1
      ? inPrefix(first, start, end)
      : sql`${begins(first, start)}${end ? isUpToPlace(end) : isUpToLast(ahead)} AND ${isInAny(sql`"namespace"`, within)}`;
  return {
    condition: sql`${places} AND ${matchesText(sql`"key"`, keys)}`,
    // The end can be an entry that the caller is not permitted to know of, so it does not become a cursor (G1).
    next:
      end && within.some((match) => matches(match, end.namespace))
        ? end
        : startOf(ahead[within.length]),
  };
}

/** The first of the exact namespaces from a place in it; without a place, all that come before a prefix. */
function exactRange(ahead: readonly TextMatch[], keys: TextMatch, start: Start): EntryRange {
  const prefix = ahead.findIndex(({ kind }) => kind === "prefix");
  const count = start ? 1 : prefix === -1 ? ahead.length : prefix;
  const ofKey = matchesTextAfter(sql`"key"`, keys, start?.key ?? "");
  const condition = sql`${matchesAny(sql`"namespace"`, ahead.slice(0, count))} AND ${ofKey}`;
  return { condition, next: startOf(ahead[count]) };
}

/** Whether some of the namespaces have entries after a place. */
function isAhead(match: TextMatch, { namespace, key }: NonNullable<Start>): boolean {
  if (matches(match, namespace)) return match.kind === "prefix" || key !== null;
  return compareText(firstText(match), namespace) > 0;
}

/** Whether a place is inside a range, and not at its beginning. */
function isWithin(match: TextMatch, { namespace, key }: NonNullable<Start>): boolean {
  return matches(match, namespace) && (key !== "" || namespace !== firstText(match));
}

function isUpTo(match: TextMatch, { namespace }: Place): boolean {
  return compareText(firstText(match), namespace) <= 0;
}

/** The place before all entries of a range. No key is empty. */
function startOf(match: TextMatch | undefined): Place | null {
  return match ? { namespace: firstText(match), key: "" } : null;
}

/** Finds the last of the entries that the next statement examines; null if it can examine all. */
async function readEnd(
  client: SqlReader,
  userId: string,
  ahead: readonly TextMatch[],
  start: Start,
): Promise<Place | null> {
  const rows = await client.all<Place>(
    sql`SELECT "namespace", "key" FROM "Entry"
      WHERE "userId" = ${userId} AND ${begins(ahead[0] as Prefix, start)}${isUpToLast(ahead)}
      ORDER BY "namespace", "key" LIMIT 1 OFFSET ${examinedRows(ahead.length) - 1}`,
    1,
  );
  return rows[0] ?? null;
}

/**
 * A range has only one start and one end. SQLite uses only one of each: from the start of the selection, it would read
 * all earlier pages again.
 */
function inPrefix(match: Prefix, start: Start, end: Place | null): Sql {
  if (end && matches(match, end.namespace)) return sql`${begins(match, start)}${isUpToPlace(end)}`;
  const next = prefixEnd(match.prefix);
  const isBefore =
    next !== null && start !== null && start.key !== null
      ? sql` AND ("namespace", "key") < (${next}, ${""})`
      : endsBefore(sql`"namespace"`, match);
  return sql`${begins(match, start)}${isBefore}`;
}

function begins({ prefix }: Prefix, start: Start): Sql {
  if (start === null) return prefix === "" ? sql`1 = 1` : sql`"namespace" >= ${prefix}`;
  const { namespace, key } = start;
  return key === null
    ? sql`"namespace" > ${namespace}`
    : sql`("namespace", "key") > (${namespace}, ${key})`;
}

function isUpToPlace({ namespace, key }: Place): Sql {
  return sql` AND ("namespace", "key") <= (${namespace}, ${key})`;
}

function isUpToLast(ahead: readonly TextMatch[]): Sql {
  const last = ahead.at(-1);
  if (!last) return empty;
  if (last.kind === "prefix") return endsBefore(sql`"namespace"`, last);
  return sql` AND "namespace" <= ${last.text}`;
}
