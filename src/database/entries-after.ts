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
      return sql`"namespace" = ${namespace} AND ${matchesTextAfter(sql`"key"`, selection.keys, key)}`;
    }
    return sql`${matchesPlaceAfter(namespace, key)}${endsPlaceBefore(match, key)} AND ${matchesText(sql`"key"`, selection.keys)}`;
  }
  return sql`${matchesEntries(selection)} AND ${matchesPlaceAfter(namespace, key)}`;
}

/** Whether a text matches and sorts after another one, which is the only start of the range. */
export function matchesTextAfter(column: Sql, match: TextMatch, after: string): Sql {
  if (after === "") return matchesText(column, match);
  if (match.kind === "exact" || !matches(match, after)) {
    return sql`${matchesText(column, match)} AND ${column} > ${after}`;
  }
  return sql`(${column} > ${after}${endsBefore(column, match)})`;
}

/** The end of the range of a match, for the texts after one that matches. */
export function endsBefore(column: Sql, match: TextMatch): Sql {
  if (match.kind === "exact") return sql` AND ${column} = ${match.text}`;
  const end = prefixEnd(match.prefix);
  return end === null ? sql`` : sql` AND ${column} < ${end}`;
}

function matchesPlaceAfter(namespace: string, key: string | null): Sql {
  return key === null
    ? sql`"namespace" > ${namespace}`
    : sql`("namespace", "key") > (${namespace}, ${key})`;
}

/** The end of a range that starts with `matchesPlaceAfter`, in the same columns. */
function endsPlaceBefore(match: TextMatch & { kind: "prefix" }, key: string | null): Sql {
  if (key === null) return endsBefore(sql`"namespace"`, match);
  const end = prefixEnd(match.prefix);
  return end === null ? sql`` : sql` AND ("namespace", "key") < (${end}, ${""})`;
}
