import type { NameBound, NamePage, NamespaceTotals, Page } from "../store/contract.ts";
import { addUsage, noUsage, type Namespace, type Usage } from "../store/model/entry.ts";
import type { TextMatch } from "../store/model/text-match.ts";
import { readInRanges } from "./name-range.ts";
import { empty, sql, type Sql, type SqlReader, type StoreReader } from "./sql.ts";

// The totals of namespaces are read from "Namespace" and "NamespaceAgent", which each write updates. These totals include
// expired entries that are still stored. An index finds those, and they are subtracted (G8).

/** Maximum number of agents that a namespace shows. The list is not paged. */
const maxShownAgents = 100;
/** One statement sums the totals of at most this many namespaces. On SQLite, it holds the event loop (G14). */
const maxSummed = 2_000;
/** An agent's name cannot contain a control character. */
const separator = "\n";

/** PostgreSQL returns a sum as text, because it can exceed 64 bits. */
type Sum = bigint | number | string;

interface NamespaceRow {
  name: string;
  entryCount: Sum;
  sizeBytes: Sum;
  updatedAt: Date;
  agents: string | null;
}

/** Reads namespaces in the order of their names, after a name; null starts with the first. */
export async function readNamespaces(
  { client, now }: StoreReader,
  userId: string,
  namespaces: readonly TextMatch[],
  after: string | null,
  maxItems: number,
): Promise<Page<Namespace>> {
  const from = after === null ? null : { name: after, isIncluded: false };
  const part = { userId, namespaces, from, maxRows: maxItems + 1 };
  const rows = await readInRanges(client, part, (condition, maxRows) =>
    client.all<NamespaceRow>(sql`
    WITH ${namespaceSelection(userId, condition, now)}, "expiredAgent" AS MATERIALIZED (
      SELECT "namespace", "agent", COUNT(*) AS "referenceCount" FROM (
        SELECT "namespace", "createdBy" AS "agent" FROM "expired"
        UNION ALL
        SELECT "namespace", "updatedBy" AS "agent" FROM "expired"
      ) AS "reference" GROUP BY "namespace", "agent"
    ), "page" AS (
      SELECT * FROM "living" ORDER BY "namespace" LIMIT ${maxRows}
    )
    SELECT "page"."namespace" AS "name", "entryCount", "sizeBytes", "updatedAt", (
      SELECT STRING_AGG("agent", ${separator}) FROM (
        SELECT "NamespaceAgent"."agent" FROM "NamespaceAgent" LEFT JOIN "expiredAgent"
          ON "expiredAgent"."namespace" = "NamespaceAgent"."namespace" AND "expiredAgent"."agent" = "NamespaceAgent"."agent"
        WHERE "userId" = ${userId} AND "NamespaceAgent"."namespace" = "page"."namespace"
          AND "NamespaceAgent"."referenceCount" > COALESCE("expiredAgent"."referenceCount", 0)
        ORDER BY "NamespaceAgent"."agent" LIMIT ${maxShownAgents}
      ) AS "shown"
    ) AS "agents" FROM "page" ORDER BY "page"."namespace"`),
  );
  return {
    items: rows.slice(0, maxItems).map(({ name, entryCount, sizeBytes, updatedAt, agents }) => ({
      name,
      entryCount: Number(entryCount),
      sizeBytes: Number(sizeBytes),
      updatedAt,
      agents: agents === null ? [] : agents.split(separator),
    })),
    hasMore: rows.length > maxItems,
  };
}

/** Reads only the names, in their order, starting from a name; null starts with the first. */
export async function readNamespaceNames(
  { client, now }: StoreReader,
  userId: string,
  namespaces: readonly TextMatch[],
  from: NameBound | null,
  maxItems: number,
): Promise<Page<string>> {
  const part = { userId, namespaces, from, maxRows: maxItems + 1 };
  const rows = await readInRanges(client, part, (condition, maxRows) =>
    client.all<{ name: string }>(sql`
    WITH ${namespaceSelection(userId, condition, now)}
    SELECT "namespace" AS "name" FROM "living" ORDER BY "namespace" LIMIT ${maxRows}`),
  );
  return {
    items: rows.slice(0, maxItems).map(({ name }) => name),
    hasMore: rows.length > maxItems,
  };
}

export async function readUsage(
  { client, now }: Pick<StoreReader, "client" | "now">,
  userId: string,
  namespaces: readonly TextMatch[],
): Promise<Usage> {
  let usage = noUsage;
  let from: NameBound | null = null;
  for (;;) {
    const part = { userId, namespaces, from, maxRows: 1 };
    const cut: NamespaceTotals[] = await readInRanges(client, part, async (condition) => {
      const sum = await readSum(client, userId, condition, now, maxSummed);
      usage = addUsage(usage, sum);
      return sum.namespaceCount < maxSummed ? [] : [sum];
    });
    const last = cut[0]?.last ?? null;
    if (last === null) return usage;
    from = { name: last, isIncluded: false };
  }
}

/** Reads the totals of the first namespaces after a name. */
export function readTotals(
  client: SqlReader,
  userId: string,
  now: Sql,
  { after, maxItems }: NamePage,
): Promise<NamespaceTotals> {
  const isAfter = after === "" ? sql`1 = 1` : sql`"Namespace"."namespace" > ${after}`;
  return readSum(client, userId, isAfter, now, maxItems);
}

async function readSum(
  client: SqlReader,
  userId: string,
  condition: Sql,
  now: Sql,
  maxItems: number,
): Promise<NamespaceTotals> {
  const rows = await client.all<UsageRow & Pick<NamespaceTotals, "last">>(sql`
    WITH ${namespaceSelection(userId, condition, now)}
    SELECT ${totals}, MAX("namespace") AS "last"
    FROM (SELECT * FROM "living" ORDER BY "namespace" LIMIT ${maxItems}) AS "page"`);
  const [row] = rows as [(typeof rows)[number]];
  return { ...usageOf(row), last: row.last };
}

type UsageRow = { readonly [Field in keyof Usage]: Sum };

const totals = sql`COUNT(*) AS "namespaceCount", COALESCE(SUM("entryCount"), 0) AS "entryCount",
  COALESCE(SUM("sizeBytes"), 0) AS "sizeBytes"`;

function usageOf({ namespaceCount, entryCount, sizeBytes }: UsageRow): Usage {
  return {
    namespaceCount: Number(namespaceCount),
    entryCount: Number(entryCount),
    sizeBytes: Number(sizeBytes),
  };
}

/** Counts the entries of each namespace that have not expired: all namespaces, or a part in the order of their names. */
export async function countEntries(
  client: SqlReader,
  userId: string,
  namespaces: readonly TextMatch[],
  now: Sql,
  page?: NamePage,
): Promise<Map<string, number>> {
  const from = page && page.after !== "" ? { name: page.after, isIncluded: false } : null;
  const part = { userId, namespaces, from, maxRows: page?.maxItems ?? Infinity };
  const rows = await readInRanges(client, part, (condition, maxRows) =>
    client.all<{ namespace: string; entryCount: Sum }>(sql`
    WITH ${namespaceSelection(userId, condition, now)}
    SELECT "namespace", "entryCount" FROM "living"${page ? sql` ORDER BY "namespace" LIMIT ${maxRows}` : empty}`),
  );
  return new Map(rows.map(({ namespace, entryCount }) => [namespace, Number(entryCount)]));
}

/** Counts the namespaces with entries that have not expired, up to a number. */
export async function countNamespaces(
  client: SqlReader,
  userId: string,
  namespaces: readonly TextMatch[],
  now: Sql,
  maxCount: number,
): Promise<number> {
  const part = { userId, namespaces, from: null, maxRows: maxCount };
  const rows = await readInRanges(client, part, (condition, maxRows) =>
    client.all<{ namespace: string }>(sql`
    WITH ${namespaceSelection(userId, condition, now)} SELECT "namespace" FROM "living" LIMIT ${maxRows}`),
  );
  return rows.length;
}

/**
 * The tables of a WITH clause. "expired" has the user's expired entries that are still stored. "living" has the selected
 * namespaces with their totals without those. "expired" is not restricted to namespaces: the entries are few, and SQLite
 * would otherwise search all entries of a namespace.
 */
function namespaceSelection(userId: string, selected: Sql, now: Sql): Sql {
  return sql`"expired" AS MATERIALIZED (
      SELECT "namespace", "sizeBytes", "createdBy", "updatedBy" FROM "Entry"
      WHERE "userId" = ${userId} AND "expiresAt" <= ${now}
    ), "expiredSum" AS MATERIALIZED (
      SELECT "namespace", COUNT(*) AS "entryCount", SUM("sizeBytes") AS "sizeBytes" FROM "expired" GROUP BY "namespace"
    ), "living" AS (
      SELECT "Namespace"."namespace", "Namespace"."entryCount" - COALESCE("expiredSum"."entryCount", 0) AS "entryCount",
        "Namespace"."sizeBytes" - COALESCE("expiredSum"."sizeBytes", 0) AS "sizeBytes", "updatedAt"
      FROM "Namespace" LEFT JOIN "expiredSum" ON "expiredSum"."namespace" = "Namespace"."namespace"
      WHERE "userId" = ${userId} AND ${selected}
        AND "Namespace"."entryCount" > COALESCE("expiredSum"."entryCount", 0)
    )`;
}
