import type { PastKey, PastKeysQuery } from "../store/contract.ts";
import type { Change } from "../store/model/change.ts";
import type { TextMatch } from "../store/model/text-match.ts";
import { changeColumns, toChange, type ChangeRow } from "./tables.ts";
import { endsBefore, matchesTextAfter } from "./entries-after.ts";
import { columns, join, sql, type SqlReader } from "./sql.ts";

/**
 * Reads the keys of one namespace that occur in the log, in their order, each with its changes around a revision. An
 * index contains the changes by key: each step skips the other changes of a key and continues at the next key. The last
 * change up to the revision is sorted by key and revision, as only that index is. Without statistics, PostgreSQL would
 * otherwise walk back through the whole log for each key.
 */
export async function readPastKeys(
  client: SqlReader,
  { userId, namespace, keys, after, at, compacted }: PastKeysQuery,
  maxItems: number,
): Promise<PastKey[]> {
  const from = sql`FROM "Change" WHERE "userId" = ${userId} AND "namespace" = ${namespace}`;
  // The place is the only start of the range: from another one, SQLite would walk through all earlier keys again.
  const first = matchesTextAfter(sql`"key"`, keys, after);
  const ofKey = sql`${from} AND "key" = "place"."key"`;
  const rows = await client.all<{ key: string; last: bigint | null; next: bigint | null }>(sql`
    WITH RECURSIVE "place" ("key", "position") AS (
      SELECT (SELECT MIN("key") ${from} AND ${first}), 1
      UNION ALL
      SELECT (SELECT MIN("key") ${from} AND "key" > "place"."key"${endsBefore(sql`"key"`, keys)}), "position" + 1
      FROM "place" WHERE "place"."key" IS NOT NULL AND "position" < ${maxItems}
    )
    SELECT "place"."key",
      (SELECT CASE WHEN "revision" > ${compacted} THEN "revision" END FROM (
        SELECT "key", "revision" ${from} AND ("key", "revision") <= ("place"."key", ${at})
        ORDER BY "key" DESC, "revision" DESC LIMIT 1) AS "before" WHERE "before"."key" = "place"."key") AS "last",
      (SELECT MIN("revision") ${ofKey} AND "revision" > ${at}) AS "next"
    FROM "place" WHERE "place"."key" IS NOT NULL ORDER BY "position"`);
  return rows.map(({ key, last, next }) => ({
    key,
    last: toRevision(last),
    next: toRevision(next),
  }));
}

/** The result of an expression does not have the type of a column. */
function toRevision(cell: bigint | number | string | null): bigint | null {
  return cell === null ? null : BigInt(cell);
}

/** Reads the first namespace after a name that contains an entry or occurs in the log. */
export async function readPastNamespace(
  client: SqlReader,
  userId: string,
  match: TextMatch,
  after: string | null,
): Promise<string | null> {
  const where = sql`WHERE "userId" = ${userId} AND ${matchesTextAfter(sql`"namespace"`, match, after ?? "")}`;
  const rows = await client.all<{ name: string | null }>(sql`
    SELECT MIN("name") AS "name" FROM (
      SELECT MIN("namespace") AS "name" FROM "Change" ${where}
      UNION ALL
      SELECT MIN("namespace") AS "name" FROM "Namespace" ${where}
    ) AS "found"`);
  return rows[0]?.name ?? null;
}

/** Reads the changes of these revisions that the log still contains. */
export async function readRevisions(
  client: SqlReader,
  userId: string,
  revisions: readonly bigint[],
): Promise<Change[]> {
  if (revisions.length === 0) return [];
  const rows = await client.all<ChangeRow>(sql`
    SELECT ${columns("Change", changeColumns)} FROM "Change"
    WHERE "userId" = ${userId} AND "revision" IN (${join([...revisions])})`);
  return rows.map(toChange);
}
