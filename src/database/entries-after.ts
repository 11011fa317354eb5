import { matches, prefixEnd, type TextMatch } from "../store/model/text-match.ts";
import { matchesText, sql, type Sql } from "./sql.ts";

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
