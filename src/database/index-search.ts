import { placeId, type Place } from "../store/model/place.ts";
import { searchText } from "../store/search/search-text.ts";
import { sql, type Sql, type SqlClient, type SqlReader } from "./sql.ts";
import type { RowTable } from "./row-table.ts";

/** How much one step takes, so that it is short: a write may have to wait for its transaction. */
const step = { changes: 500, entries: 100, bytes: 128 * 1024 };

/** What following the log does differently on each database. */
export interface IndexDialect {
  readonly table: (table: RowTable) => Sql;
  /** Keeps other instances from following the same log; no row when one does. */
  readonly lockProgress: Sql;
  /** Before rows of SearchText go that the condition means: takes them out of what indexes them beside it. */
  removing(userId: string, condition: Sql): Promise<void>;
  /** Puts new rows in there. */
  adding(userId: string, texts: readonly IndexedText[]): Promise<void>;
}

/** A row of SearchText, of a user. */
interface IndexedText extends Place {
  readonly revision: bigint;
  readonly text: string;
}

/** One user's log, followed within a transaction. */
interface Follower {
  readonly client: SqlClient;
  readonly dialect: IndexDialect;
  readonly userId: string;
}

const placeColumns = { namespace: "text", key: "text" } as const;
const textColumns = { ...placeColumns, revision: "bigint", text: "text" } as const;

interface ProgressRow {
  indexedRevision: bigint;
  buildingNamespace: string | null;
  buildingKey: string | null;
  headRevision: bigint;
  compactedRevision: bigint;
}

export async function readUnindexed(client: SqlReader, maxUsers: number): Promise<string[]> {
  const rows = await client.all<{ userId: string }>(sql`
    SELECT "User"."userId" FROM "User" LEFT JOIN "SearchProgress" ON "SearchProgress"."userId" = "User"."userId"
    WHERE ("headRevision" > COALESCE("indexedRevision", 0) OR "buildingKey" IS NOT NULL)
      AND "compactedRevision" <= "headRevision" LIMIT ${maxUsers}`);
  return rows.map(({ userId }) => userId);
}

/**
 * One step. It locks no log: whatever is written while it reads has a later revision than it comes to, and its change
 * is followed then.
 */
export async function indexStep(
  client: SqlClient,
  dialect: IndexDialect,
  userId: string,
): Promise<boolean> {
  await client.run(sql`
    INSERT INTO "SearchProgress" ("userId", "indexedRevision") VALUES (${userId}, 0) ON CONFLICT DO NOTHING`);
  const [progress] = await client.all<ProgressRow>(sql`
    SELECT "indexedRevision", "buildingNamespace", "buildingKey", "headRevision", "compactedRevision"
    FROM "SearchProgress" JOIN "User" ON "User"."userId" = "SearchProgress"."userId"
    WHERE "SearchProgress"."userId" = ${userId} AND "User"."userId" = ${userId} ${dialect.lockProgress}`);
  if (!progress) return false;
  const follower = { client, dialect, userId };
  const { indexedRevision, buildingNamespace, buildingKey, headRevision, compactedRevision } =
    progress;
  // An import is under way: what is there is followed when it is whole.
  if (compactedRevision > headRevision) return false;
  if (compactedRevision > indexedRevision) {
    // The log does not reach back. What the index has goes first: an import may have given its revisions out again.
    if (!(await removeSome(follower, sql`1 = 1`))) return true;
    // Then the entries themselves, and after them the log from its present head on.
    await reach(follower, headRevision);
    return building(follower, { namespace: "", key: "" });
  }
  if (buildingNamespace !== null && buildingKey !== null) {
    return build(follower, { namespace: buildingNamespace, key: buildingKey });
  }
  return follow(follower, indexedRevision);
}

interface ChangeRow {
  revision: bigint;
  namespace: string;
  key: string | null;
  /** Of what it wrote; null where that is not there any more. */
  sizeBytes: number | null;
}

/** Takes the next of the log. */
async function follow(follower: Follower, after: bigint): Promise<boolean> {
  const { client, userId } = follower;
  const changes = await client.all<ChangeRow>(sql`
    SELECT "Change"."revision", "Change"."namespace", "Change"."key", "Entry"."sizeBytes" FROM "Change"
    LEFT JOIN "Entry" ON "Entry"."userId" = ${userId} AND "Entry"."namespace" = "Change"."namespace"
      AND "Entry"."key" = "Change"."key" AND "Entry"."revision" = "Change"."revision"
    WHERE "Change"."userId" = ${userId} AND "Change"."revision" > ${after}
    ORDER BY "Change"."revision" LIMIT ${step.changes}`);
  // Read after them: the log may have been compacted since the step began, and they would not be the next then.
  const [log] = await client.all<{ compactedRevision: bigint }>(
    sql`SELECT "compactedRevision" FROM "User" WHERE "userId" = ${userId}`,
  );
  if (log && log.compactedRevision > after) return true;
  const [first] = changes;
  if (!first) return false;
  if (first.key === null) {
    const isClear = await removeSome(follower, sql`"namespace" = ${first.namespace}`);
    if (isClear) await reach(follower, first.revision);
    return true;
  }
  const taken = takeStep(changes);
  const touched = new Map(taken.map((change) => [placeId(placeOf(change)), change]));
  await remove(follower, [...touched.values()].map(placeOf));
  await add(follower, taken.filter(({ sizeBytes }) => sizeBytes !== null).map(placeOf));
  await reach(follower, (taken.at(-1) as ChangeRow).revision);
  return taken.length < changes.length || changes.length === step.changes;
}

/** Takes the next entries in the order of their places. */
async function build(follower: Follower, after: Place): Promise<boolean> {
  const { client, userId } = follower;
  const entries = await client.all<Place & { sizeBytes: number }>(sql`
    SELECT "namespace", "key", "sizeBytes" FROM "Entry" WHERE "userId" = ${userId}
      AND "namespace" >= ${after.namespace} AND ("namespace", "key") > (${after.namespace}, ${after.key})
    ORDER BY "namespace", "key" LIMIT ${step.entries}`);
  const taken = takeStep(entries);
  await remove(follower, taken);
  await add(follower, taken);
  return building(follower, taken.at(-1) ?? null);
}

async function building({ client, userId }: Follower, last: Place | null): Promise<boolean> {
  await client.run(sql`
    UPDATE "SearchProgress" SET "buildingNamespace" = ${last?.namespace ?? null}, "buildingKey" = ${last?.key ?? null}
    WHERE "userId" = ${userId}`);
  return true;
}

async function reach({ client, userId }: Follower, revision: bigint): Promise<void> {
  await client.run(
    sql`UPDATE "SearchProgress" SET "indexedRevision" = ${revision} WHERE "userId" = ${userId}`,
  );
}

/** The first rows, up to a cleared namespace: as many as a step takes. */
function takeStep<T extends { key: string | null; sizeBytes: number | null }>(
  rows: readonly T[],
): T[] {
  let entries = 0;
  let bytes = 0;
  const end = rows.findIndex(({ key, sizeBytes }) => {
    const isFull = entries >= step.entries || bytes >= step.bytes;
    if (sizeBytes !== null) entries += 1;
    bytes += sizeBytes ?? 0;
    return isFull || key === null;
  });
  return rows.slice(0, end === -1 ? rows.length : end);
}

function placeOf({ namespace, key }: { namespace: string; key: string | null }): Place {
  return { namespace, key: key ?? "" };
}

/** Removes what the index has of the user, as far as the condition says, or the first of it. Whether nothing is left. */
async function removeSome(follower: Follower, condition: Sql): Promise<boolean> {
  const places = await follower.client.all<Place>(sql`
    SELECT "namespace", "key" FROM "SearchText" WHERE "userId" = ${follower.userId} AND ${condition}
    LIMIT ${step.changes}`);
  await remove(follower, places);
  return places.length < step.changes;
}

async function remove({ client, dialect, userId }: Follower, places: readonly Place[]) {
  if (places.length === 0) return;
  const gone = placeTable(dialect, "gone", places);
  const condition = sql`"userId" = ${userId} AND ("namespace", "key") IN (SELECT "namespace", "key" FROM ${gone})`;
  await dialect.removing(userId, condition);
  await client.run(sql`DELETE FROM "SearchText" WHERE ${condition}`);
}

async function add({ client, dialect, userId }: Follower, places: readonly Place[]) {
  if (places.length === 0) return;
  const entries = await client.all<Place & { revision: bigint; value: string }>(sql`
    SELECT "Entry"."namespace", "Entry"."key", "Entry"."revision", "Entry"."value"
    FROM ${placeTable(dialect, "wanted", places)} CROSS JOIN "Entry" WHERE "Entry"."userId" = ${userId}
      AND "Entry"."namespace" = "wanted"."namespace" AND "Entry"."key" = "wanted"."key"`);
  if (entries.length === 0) return;
  const texts = entries.map((entry) => ({ ...entry, text: searchText(entry) }));
  const rows = dialect.table({
    name: "new",
    columns: textColumns,
    rows: texts.map(({ namespace, key, revision, text }) => [namespace, key, revision, text]),
  });
  await client.run(sql`
    INSERT INTO "SearchText" ("userId", "namespace", "key", "revision", "text")
    SELECT ${userId}, "namespace", "key", "revision", "text" FROM ${rows}`);
  await dialect.adding(userId, texts);
}

function placeTable(dialect: IndexDialect, name: string, places: readonly Place[]): Sql {
  const rows = places.map(({ namespace, key }) => [namespace, key]);
  return dialect.table({ name, columns: placeColumns, rows });
}
