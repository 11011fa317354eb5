import type { NameBound } from "../store/contract.ts";
import { compareText, firstText, matches, type TextMatch } from "../store/model/text-match.ts";
import { examinedRows } from "./examined-rows.ts";
import { endsBefore } from "./entries-after.ts";
import { empty, isInAny, matchesAny, sql, type Sql, type SqlReader } from "./sql.ts";

/** A part of the selected namespaces, for one statement. */
interface NameRange {
  readonly condition: Sql;
  /** Where the next part begins; null if there is none. */
  readonly next: NameBound | null;
}

const column = sql`"Namespace"."namespace"`;

/**
 * Reads rows of namespaces in the order of their names, by statements that each examine a limited number of names, even
 * if few of them match (G14). It stops after `maxRows` rows.
 * @param read reads the rows of one part
 */
export async function readInRanges<Row>(
  client: SqlReader,
  {
    userId,
    namespaces,
    from,
    maxRows,
  }: {
    readonly userId: string;
    readonly namespaces: readonly TextMatch[];
    readonly from: NameBound | null;
    readonly maxRows: number;
  },
  read: (condition: Sql, maxRows: number) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let bound = from; ;) {
    const { condition, next } = await rangeFrom(client, userId, namespaces, bound);
    for (const row of await read(condition, maxRows - rows.length)) rows.push(row);
    if (next === null || rows.length >= maxRows) return rows;
    bound = next;
  }
}

/** Returns the next part of the namespaces, like `rangeAfter` for entries. */
async function rangeFrom(
  client: SqlReader,
  userId: string,
  namespaces: readonly TextMatch[],
  from: NameBound | null,
): Promise<NameRange> {
  const ahead = namespaces.filter(
    (match) =>
      from === null || matches(match, from.name) || compareText(firstText(match), from.name) > 0,
  );
  const [first, another] = ahead;
  if (!first) return { condition: sql`1 = 0`, next: null };
  const bound = from && matches(first, from.name) ? from : null;
  if (first.kind === "exact") {
    const prefix = ahead.findIndex(({ kind }) => kind === "prefix");
    const names = prefix === -1 ? ahead : ahead.slice(0, prefix);
    const isBehind = bound ? sql` AND ${isFrom(bound)}` : empty;
    return {
      condition: sql`${matchesAny(column, names)}${isBehind}`,
      next: startOf(ahead[names.length]),
    };
  }
  const begin = isFrom(bound ?? { name: first.prefix, isIncluded: true });
  if (!another) return { condition: sql`${begin}${endsBefore(column, first)}`, next: null };
  const rows = await client.all<{ namespace: string }>(
    sql`SELECT "namespace" FROM "Namespace" WHERE "userId" = ${userId} AND ${begin}
      ORDER BY "namespace" LIMIT 1 OFFSET ${examinedRows(ahead.length) - 1}`,
    1,
  );
  const end = rows[0]?.namespace;
  if (end === undefined)
    return { condition: sql`${begin} AND ${isInAny(column, ahead)}`, next: null };
  const within = ahead.filter((match) => compareText(firstText(match), end) <= 0);
  const isLastInside = within.some((match) => matches(match, end));
  return {
    condition: sql`${begin} AND ${column} <= ${end} AND ${isInAny(column, within)}`,
    next: isLastInside ? { name: end, isIncluded: false } : startOf(ahead[within.length]),
  };
}

function isFrom({ name, isIncluded }: NameBound): Sql {
  if (name === "") return sql`1 = 1`;
  return isIncluded ? sql`${column} >= ${name}` : sql`${column} > ${name}`;
}

function startOf(match: TextMatch | undefined): NameBound | null {
  return match ? { name: firstText(match), isIncluded: true } : null;
}
