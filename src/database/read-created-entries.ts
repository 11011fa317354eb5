import type { CreatedPage, CreatedQuery, PageBounds } from "../store/contract.ts";
import type { Entry } from "../store/model/entry.ts";
import { maxRevision } from "../store/model/log.ts";
import {
  columns,
  empty,
  isAlive,
  join,
  matchesAny,
  matchesText,
  sql,
  type StoreReader,
} from "./sql.ts";
import { examinedRevisions } from "./examined-rows.ts";
import { shownColumns, shownHeadColumns } from "./tables.ts";

type Row = {
  readonly candidateCount: bigint | number;
} & (Entry | { readonly key: null });

/**
 * Reads the entries of one stretch of the log in the order of their creation, which is the order of an index. As when
 * entries are read by key, sizes are summed before any value is read, and the database does not sort the result. The
 * selection is compared with expressions that no index contains. Otherwise a database could sort a whole namespace.
 */
export async function readCreatedEntries(
  { client, now }: StoreReader,
  { userId, selection, onlyKeys, after, isNewestFirst, withoutValues }: CreatedQuery,
  bounds: PageBounds,
): Promise<CreatedPage> {
  const loaded = withoutValues ? shownHeadColumns : shownColumns;
  const loadedBytes = withoutValues
    ? sql`OCTET_LENGTH("key") + OCTET_LENGTH("metadata")`
    : sql`"sizeBytes"`;
  const order = isNewestFirst ? sql`"createdRevision" DESC` : sql`"createdRevision"`;
  const first = await firstBehind(client, userId, after, isNewestFirst);
  if (first === null) return { items: [], next: null };
  const examined = examinedRevisions(selection.namespaces);
  const last = isNewestFirst ? first - examined : first + examined;
  const [low, high] = isNewestFirst
    ? [last < 0n ? 0n : last, first]
    : [first, last > maxRevision ? maxRevision : last];
  const keys =
    onlyKeys === null
      ? empty
      : sql` AND "key" IN (${onlyKeys.length === 0 ? sql`NULL` : join([...onlyKeys])})`;
  const rows = await client.all<Row>(sql`
    WITH "candidates" AS (
      SELECT "namespace", "key", "createdRevision", ${loadedBytes} AS "loadedBytes" FROM "Entry"
      WHERE "userId" = ${userId} AND "createdRevision" >= ${low} AND "createdRevision" <= ${high}
        AND ${matchesAny(sql`("namespace" || '')`, selection.namespaces)} AND ${matchesText(sql`("key" || '')`, selection.keys)}
        AND ${isAlive(now)}${keys}
      ORDER BY ${order} LIMIT ${bounds.maxItems}
    ), "page" AS (
      SELECT "namespace", "key", SUM("loadedBytes") OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - "loadedBytes" AS "bytesBefore"
      FROM "candidates"
    )
    SELECT (SELECT COUNT(*) FROM "candidates") AS "candidateCount", ${columns("Entry", loaded)}
    FROM (SELECT 1 AS "one") AS "ends" LEFT JOIN "page" ON "page"."bytesBefore" < ${bounds.maxBytes}
      LEFT JOIN "Entry" ON "Entry"."userId" = ${userId} AND "Entry"."namespace" = "page"."namespace" AND "Entry"."key" = "page"."key"`);
  const items: Entry[] = [];
  for (const { candidateCount: _, ...entry } of rows) {
    if (entry.key !== null) items.push(entry as unknown as Entry);
  }
  const sign = isNewestFirst ? -1 : 1;
  items.sort((one, other) => sign * Number(one.createdRevision - other.createdRevision));
  const candidateCount = Number(rows[0]?.candidateCount ?? 0);
  const isFull = candidateCount === bounds.maxItems || candidateCount > items.length;
  const reached = isNewestFirst ? low : high;
  return { items, next: isFull ? (items.at(-1)?.createdRevision ?? after) : reached };
}

/** Reads the creation revision of the first entry after a revision, from the same index. */
async function firstBehind(
  client: StoreReader["client"],
  userId: string,
  after: bigint,
  isNewestFirst: boolean,
): Promise<bigint | null> {
  const behind = isNewestFirst
    ? sql`"createdRevision" < ${after} ORDER BY "createdRevision" DESC`
    : sql`"createdRevision" > ${after} ORDER BY "createdRevision"`;
  const rows = await client.all<{ createdRevision: bigint | string }>(
    sql`SELECT "createdRevision" FROM "Entry" WHERE "userId" = ${userId} AND ${behind} LIMIT 1`,
  );
  return rows[0] ? BigInt(rows[0].createdRevision) : null;
}
