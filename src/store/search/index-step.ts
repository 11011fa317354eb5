import { sql, type Sql, type SqlClient } from "../../database/sql.ts";
import { inSteps } from "../../in-steps.ts";
import type { Entry } from "../model/entry.ts";
import { everything } from "../model/text-match.ts";
import {
  logWindow,
  readIndexState,
  readPlaces,
  readWritten,
  selectChanges,
  type IndexState,
  type SearchReader,
} from "./search-reader.ts";
import { searchText } from "./search-text.ts";
import { firstOf, type SearchDatabase } from "./search.ts";

/** What a step adds: of random text, each byte is an entry of the index, and adding it takes a microsecond. */
const piece = { maxItems: 100, maxBytes: 32 * 1024 };
/** How many rows a step removes: all that a window of the log can replace. It adds one piece. */
const mostRemoved = Number(logWindow);

const namespaces = [everything];
const revisionColumn = { revision: "bigint" } as const;
const textColumns = { namespace: "text", key: "text", ...revisionColumn, text: "text" } as const;

/** What a step does: how far the index comes, the revisions whose rows it removes, and the entries that it adds. */
interface Step extends Partial<IndexState> {
  readonly removed?: readonly bigint[];
  readonly added?: readonly Entry[];
}

/**
 * Lets the index follow a user's log by one short step.
 *
 * 1. Read how far the index has come, and the ends of the log.
 * 2. Choose what is next, and read its entries. Nothing is locked: a write during the step has a later revision, which a
 *    later step reads.
 * 3. In one transaction, move the index on, unless another instance has done so or the log was compacted. Then replace
 *    the rows. Writes wait for this transaction alone.
 *
 * @returns how many changes the index is still behind; 0 when there is nothing more to do
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
    // While it is built from the entries, all that are left are missing.
    if (next.buildingKey !== null) return Infinity;
    return Number(next.headRevision - next.indexedRevision);
  });
}

/** Chooses the next step; null when there is nothing to do. */
async function chooseStep(
  database: SearchDatabase,
  userId: string,
  state: IndexState,
): Promise<Step | null> {
  const { searchReader: reader } = database;
  const { indexedRevision: indexed, headRevision: head, compactedRevision: compacted } = state;
  // While an import is under way, nothing is followed.
  if (compacted > head) return null;

  // The log does not reach back to the index's position, after an upgrade or an import. All rows are removed: an import
  // may use their revisions again. Then the entries are added, and after them the changes later than the present head.
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

  // The next changes, up to a cleared namespace. Steps of their own remove the rows of that.
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

/** The first revisions of the rows of the index that a condition names, at most `mostRemoved`, in ascending order. */
async function readRevisions(
  { client }: SearchReader,
  userId: string,
  condition: Sql,
): Promise<bigint[]> {
  const rows = await client.all<{ revision: bigint }>(sql`
    SELECT "revision" FROM "SearchText" WHERE "userId" = ${userId} AND ${condition} LIMIT ${mostRemoved}`);
  return rows.map(({ revision }) => revision).toSorted((a, b) => Number(a - b));
}

/** Changes no row if the state is not as it was read. */
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
