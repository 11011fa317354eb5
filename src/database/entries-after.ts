import type { EntryQuery } from "../store/contract.ts";
import type { Selection } from "../store/model/change.ts";
import { matches, prefixEnd, type TextMatch } from "../store/model/text-match.ts";
import { matchesEntries, matchesText, sql, type Sql } from "./sql.ts";

const nothing = sql`1 = 0`;

/**
 * Matches the entries of a selection that sort after a place. The place is the only start of a range in the index by
 * namespace and key. SQLite uses only one start. From that of the selection, it would read all earlier pages again.
 */
export function matchesEntriesAfter(selection: Selection, after: EntryQuery["after"]): Sql {
  if (after === null) return matchesEntries(selection);
  const { namespace, key } = after;
  const [match, another] = selection.namespaces;
  if (match && !another && matches(match, namespace)) {
    if (match.kind === "exact") {
      if (key === null) return nothing;
      return sql`"namespace" = ${namespace} AND ${matchesKeyAfter(selection.keys, key)}`;
    }
    return sql`${matchesPlaceAfter(namespace, key)}${endsBefore(match, key)} AND ${matchesText(sql`"key"`, selection.keys)}`;
  }
  return sql`${matchesEntries(selection)} AND ${matchesPlaceAfter(namespace, key)}`;
}

function matchesKeyAfter(keys: TextMatch, key: string): Sql {
  const isAfter = sql`"key" > ${key}`;
  if (keys.kind === "exact" || !matches(keys, key)) {
    return sql`${matchesText(sql`"key"`, keys)} AND ${isAfter}`;
  }
  const end = prefixEnd(keys.prefix);
  return end === null ? isAfter : sql`(${isAfter} AND "key" < ${end})`;
}

function matchesPlaceAfter(namespace: string, key: string | null): Sql {
  return key === null
    ? sql`"namespace" > ${namespace}`
    : sql`("namespace", "key") > (${namespace}, ${key})`;
}

/** The end of a range that starts with `matchesPlaceAfter`, in the same columns. */
function endsBefore({ prefix }: TextMatch & { kind: "prefix" }, key: string | null): Sql {
  const end = prefixEnd(prefix);
  if (end === null) return sql``;
  return key === null
    ? sql` AND "namespace" < ${end}`
    : sql` AND ("namespace", "key") < (${end}, ${""})`;
}
