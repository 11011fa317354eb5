import { sql, type Sql, type SqlClient } from "../../database/sql.ts";
import { inSteps } from "../../in-steps.ts";
import type { Entry } from "../model/entry.ts";
import { everything } from "../model/text-match.ts";
import {
  firstOf,
  logWindow,
  readIndexState,
  readPlaces,
  readWritten,
  selectChanges,
  type IndexState,
  type SearchReader,
} from "./search-reader.ts";
import { searchText } from "./search-text.ts";
import type { SearchDatabase } from "./search.ts";

/** What one step adds. In random text, each byte adds an entry to the index, which takes a microsecond. */
const piece = { maxItems: 100, maxBytes: 32 * 1024 };
/** How many rows one step removes: as many as a window of the log can replace. A step adds only one piece. */
const mostRemoved = Number(logWindow);

const namespaces = [everything];
const revisionColumn = { revision: "bigint" } as const;
const textColumns = { namespace: "text", key: "text", ...revisionColumn, text: "text" } as const;

/** The plan of one step: the new position of the index, the revisions of the rows to remove, and the entries to add. */
interface Step extends Partial<IndexState> {
  readonly removed?: readonly bigint[];
  readonly added?: readonly Entry[];
}

/**
 * Processes the next part of a user's log for the search index, in one short step:
 *
 * 1. Read the position of the index, and the ends of the log.
 * 2. Choose the next part, and read its entries. No lock is held: a write during the step has a later revision, which a
 *    later step processes.
 * 3. In one transaction, move the position, unless another instance has moved it or the log was compacted. Then replace
 *    the rows. Writes wait only for this transaction.
 *
 * @returns how many changes the index is still behind; 0 if it is up to date
 */
export async function indexStep(
  database: SearchDatabase,
  transaction: <T>(work: (client: SqlClient) => Promise<T>) => Promise<T>,
  userId: string,
): Promise<number> {
  const { dialect, table } = database.searchReader;
  const state = await readIndexState(database.searchReader, userId);
  const step = await chooseStep(database, userId, state);
  if (step === null) return 0;
  const { removed = [], added = [] } = step;
  const next = { ...state, ...step };
  const texts: (Entry & { readonly text: string })[] = [];
  for (const entry of added) {
    texts.push({ ...entry, text: await inSteps(searchText(entry), userId) });
  }
  return transaction(async (client) => {
    if ((await client.run(moveIndex(userId, state, next))) === 0) return 0;
    if (removed.length > 0) {
      const gone = table({
        name: "gone",
        columns: revisionColumn,
        rows: removed.map((one) => [one]),
      });
      await client.run(sql`
        DELETE FROM "SearchText" WHERE "userId" = ${userId} AND "revision" IN (SELECT "revision" FROM ${gone})`);
    }
    if (texts.length > 0) {
      const rows = texts.map((row) => [row.namespace, row.key, row.revision, row.text]);
      await client.run(sql`
        INSERT INTO "SearchText" ("userId", "namespace", "key", "revision", "text")
        SELECT ${userId}, "namespace", "key", "revision", "text" FROM ${table({ name: "new", columns: textColumns, rows })}`);
    }
    for (const statement of dialect.afterReplacement(userId, removed, texts)) {
      await client.run(statement);
    }
    // While the index is built from the entries, the number of missing entries is not known.
    if (next.buildingKey !== null) return Infinity;
    return Number(next.headRevision - next.indexedRevision);
  });
}

/** Chooses the next step; null if the index is up to date. */
async function chooseStep(
  database: SearchDatabase,
  userId: string,
  state: IndexState,
): Promise<Step | null> {
  const { searchReader: reader } = database;
  const { indexedRevision: indexed, headRevision: head, compactedRevision: compacted } = state;
  // During an import, the index is not updated.
  if (compacted > head) return null;

  // The log does not reach back to the index's position, after an upgrade or an import. Rebuild the index:
  // 1. Remove all rows, since an import can use their revisions again.
  // 2. Add the entries. 3. Process the changes later than the present head.
  if (compacted > indexed) {
    const removed = await readRevisions(reader, userId, sql`1 = 1`);
    if (removed.length > 0) return { removed };
    return { indexedRevision: head, buildingNamespace: "", buildingKey: "" };
  }
  if (state.buildingNamespace !== null) {
    const after = { namespace: state.buildingNamespace, key: state.buildingKey };
    const query = { userId, selection: { namespaces, keys: everything }, onlyKeys: null, after };
    const { items, hasMore } = await database.readEntries(query, piece);
    const last = hasMore ? items.at(-1) : undefined;
    const { namespace: buildingNamespace = null, key: buildingKey = null } = last ?? {};
    return { buildingNamespace, buildingKey, added: items };
  }

  // Process the next changes, up to a cleared namespace. Separate steps remove the rows of that namespace.
  if (indexed >= head) return null;
  let end = indexed + logWindow < head ? indexed + logWindow : head;
  const [clear] = await reader.client.all<{ revision: bigint; namespace: string }>(sql`
    SELECT "revision", "namespace" FROM (${selectChanges(userId, indexed, end)}) AS "next"
    WHERE "key" IS NULL ORDER BY "revision" LIMIT 1`);
  if (clear?.revision === indexed + 1n) {
    const removed = await readRevisions(reader, userId, sql`"namespace" = ${clear.namespace}`);
    return removed.length > 0 ? { removed } : { indexedRevision: clear.revision };
  }
  if (clear) end = clear.revision - 1n;
  const written = (await readWritten(reader, { userId, namespaces }, indexed, end)).toReversed();
  const taken = firstOf(written, piece);
  if (taken.length < written.length) end = taken.at(-1)?.revision ?? end;
  const changed = sql`("namespace", "key") IN (
    SELECT "namespace", "key" FROM (${selectChanges(userId, indexed, end)}) AS "changed")`;
  return {
    indexedRevision: end,
    removed: await readRevisions(reader, userId, changed),
    added: taken.length > 0 ? await readPlaces(reader, userId, taken) : [],
  };
}

/** The first revisions of the index's rows that meet a condition, at most `mostRemoved`, in ascending order. */
async function readRevisions(
  { client }: SearchReader,
  userId: string,
  condition: Sql,
): Promise<bigint[]> {
  const rows = await client.all<{ revision: bigint }>(sql`
    SELECT "revision" FROM "SearchText" WHERE "userId" = ${userId} AND ${condition} LIMIT ${mostRemoved}`);
  return rows.map(({ revision }) => revision).toSorted((a, b) => Number(a - b));
}

/** Changes no row if the state has changed since it was read. */
function moveIndex(userId: string, from: IndexState, to: IndexState): Sql {
  return sql`
    INSERT INTO "SearchProgress" ("userId", "indexedRevision", "buildingNamespace", "buildingKey")
    SELECT "userId", ${to.indexedRevision}, ${to.buildingNamespace}, ${to.buildingKey}
    FROM "User" WHERE "userId" = ${userId} AND "compactedRevision" = ${from.compactedRevision}
    ON CONFLICT ("userId") DO UPDATE SET "indexedRevision" = excluded."indexedRevision",
      "buildingNamespace" = excluded."buildingNamespace", "buildingKey" = excluded."buildingKey"
    WHERE "SearchProgress"."indexedRevision" = ${from.indexedRevision}
      AND "SearchProgress"."buildingNamespace" IS NOT DISTINCT FROM ${from.buildingNamespace}
      AND "SearchProgress"."buildingKey" IS NOT DISTINCT FROM ${from.buildingKey}`;
}
