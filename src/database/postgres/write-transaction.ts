import type { Effects, LoadedEntry } from "../../store/commit/state.ts";
import type { ImportTransaction, LockedLogs, WriteTransaction } from "../../store/contract.ts";
import { isImporting } from "../../store/model/log.ts";
import { importStatements } from "../import-statements.ts";
import { countEntries, countNamespaces, readTotals } from "../read-namespaces.ts";
import { readFree, readRange } from "../read-write-view.ts";
import { columns, join, name, sql, type Sql, type SqlClient } from "../sql.ts";
import { cellsOf, columnNames, headColumns, placeColumns } from "../tables.ts";
import { now } from "./now.ts";
import { rowTable } from "./row-table.ts";
import { saveNamespaces, saveSteps, type Step } from "./save-steps.ts";

const places = columnNames(placeColumns);
const loaded = columns("Entry", headColumns);

/** The few statements of one write transaction, regardless of the number of commands. Their rows are one parameter. */
export class PostgresWriteTransaction implements WriteTransaction {
  readonly import: ImportTransaction;
  readonly #client: SqlClient;
  #userIds: readonly string[];
  #listedUsers: Sql;
  #hasSaved = false;

  constructor(client: SqlClient, userIds: readonly string[]) {
    this.#client = client;
    this.#userIds = userIds;
    this.#listedUsers = join([...userIds]);
    this.import = importStatements(client, (userId, namespaces) =>
      this.#runSteps(saveNamespaces([[userId, namespaces]])),
    );
  }

  get userIds(): readonly string[] {
    return this.#userIds;
  }

  /** Whether anything was saved. */
  get hasSaved(): boolean {
    return this.#hasSaved;
  }

  /**
   * Locks the users' logs in the order of their ids. Every instance uses this order, so they cannot deadlock.
   * @returns the users who have no log yet; to create one now would break the order
   */
  async lockAll(): Promise<readonly string[]> {
    return this.#without(
      await this.#usersOf(sql`
        SELECT "userId" FROM "User" WHERE "userId" IN (${this.#listedUsers}) ORDER BY "userId" FOR UPDATE`),
    );
  }

  /**
   * Locks the logs that no other transaction has locked, and leaves out the other users.
   * @returns the users who have no log yet
   */
  async lockUnlocked(): Promise<readonly string[]> {
    const locked = await this.#usersOf(sql`
      SELECT "userId" FROM "User" WHERE "userId" IN (${this.#listedUsers}) ORDER BY "userId" FOR UPDATE SKIP LOCKED`);
    if (locked.length === this.#userIds.length) return [];
    const missing = this.#without(
      await this.#usersOf(
        sql`SELECT "userId" FROM "User" WHERE "userId" IN (${this.#listedUsers})`,
      ),
    );
    this.#userIds = locked;
    // A list cannot be empty.
    this.#listedUsers = locked.length > 0 ? join([...locked]) : sql`NULL`;
    return missing;
  }

  async #usersOf(query: Sql): Promise<readonly string[]> {
    return (await this.#client.all<{ userId: string }>(query)).map(({ userId }) => userId);
  }

  #without(found: readonly string[]): readonly string[] {
    if (found.length === this.#userIds.length) return [];
    const without = new Set(found);
    return this.#userIds.filter((userId) => !without.has(userId));
  }

  async readLogs(): Promise<LockedLogs> {
    const rows = await this.#client.all<LockedRow>(sql`
      SELECT "userId", "headRevision", "compactedRevision", ${now} AS "now" FROM "User"
      WHERE "userId" IN (${this.#listedUsers})`);
    const importing = rows.filter(({ headRevision: head, compactedRevision: compacted }) =>
      isImporting({ head, compacted }),
    );
    return {
      now: rows[0]?.now ?? new Date(),
      heads: new Map(rows.map((row) => [row.userId, row.headRevision])),
      importing: new Set(importing.map(({ userId }) => userId)),
    };
  }

  async loadEntries(...[wanted, maxValueBytes]: Parameters<WriteTransaction["loadEntries"]>) {
    const rows = rowTable({
      name: "wanted",
      columns: { ...placeColumns, withValue: "boolean" },
      rows: wanted.map((place) => cellsOf(place, [...places, "withValue"])),
    });
    // A window without an order follows the order of the rows, in which the first commands come first.
    const boundedValue =
      maxValueBytes === undefined
        ? sql`"found"."value"`
        : sql`CASE WHEN SUM(CASE WHEN "withValue" THEN "sizeBytes" ELSE 0 END) OVER (ROWS UNBOUNDED PRECEDING)
            - "sizeBytes" <= ${maxValueBytes} THEN "value" END AS "value"`;
    // The planner cannot read the rows. LIMIT prevents it from choosing a scan of the whole table.
    const found = await this.#client.all<LoadedEntry & { userId: string; value: string | null }>(
      sql`SELECT "found"."userId", ${columns("found", headColumns)}, ${boundedValue} FROM ${rows} CROSS JOIN LATERAL (
        SELECT "Entry"."userId", ${loaded}, CASE WHEN "withValue" THEN "value" END AS "value" FROM "Entry"
        WHERE "Entry"."userId" = "wanted"."userId" AND "Entry"."namespace" = "wanted"."namespace"
          AND "Entry"."key" = "wanted"."key" LIMIT 1
      ) AS "found"`,
    );
    return found.map(({ userId, value, ...head }) => ({
      userId,
      entry: value === null ? head : { ...head, value },
    }));
  }

  loadFree: WriteTransaction["loadFree"] = (...args) => readFree(this.#client, ...args, false);

  loadRange: WriteTransaction["loadRange"] = (range) => readRange(this.#client, range);

  readTotals: WriteTransaction["readTotals"] = (userId, at, page) =>
    readTotals(this.#client, userId, sql`${at}`, page);

  countEntries: WriteTransaction["countEntries"] = (userId, namespaces, at, page) =>
    countEntries(this.#client, userId, namespaces, sql`${at}`, page);

  countNamespaces: WriteTransaction["countNamespaces"] = (userId, namespaces, at, maxCount) =>
    countNamespaces(this.#client, userId, namespaces, sql`${at}`, maxCount);

  async loadRecords(...[wanted, after, maxBytes]: Parameters<WriteTransaction["loadRecords"]>) {
    const userIds = [...new Set(wanted.map(({ userId }) => userId))];
    const keys = rowTable({
      name: "asked",
      columns: { userId: "text", idempotencyKey: "text", place: "integer" },
      rows: wanted.map(({ userId, idempotencyKey }, place) => [userId, idempotencyKey, place]),
    });
    return this.#client.all<{
      userId: string;
      idempotencyKey: string;
      digest: string;
      results: string | null;
    }>(sql`
      WITH "found" AS (
        SELECT "Answer"."userId", "Answer"."idempotencyKey", "digest", LENGTH("results") AS "size", "place"
        FROM ${keys} JOIN "Answer" ON "Answer"."userId" = "asked"."userId"
          AND "Answer"."idempotencyKey" = "asked"."idempotencyKey"
        WHERE "at" > ${after} AND "Answer"."userId" IN (${join(userIds)})
      ), "sized" AS (
        SELECT "found".*, SUM("size") OVER (ORDER BY "place") - "size" AS "bytesBefore" FROM "found"
      )
      SELECT "userId", "idempotencyKey", "digest", CASE WHEN "bytesBefore" < ${maxBytes} THEN (
        SELECT "results" FROM "Answer" WHERE "Answer"."userId" = "sized"."userId"
          AND "Answer"."idempotencyKey" = "sized"."idempotencyKey"
      ) END AS "results" FROM "sized"`);
  }

  save(effects: ReadonlyMap<string, Effects>): Promise<void> {
    this.#hasSaved = true;
    return this.#runSteps(saveSteps(effects));
  }

  /** Runs the steps in order. The statements of a step change different rows, and need one round trip. */
  async #runSteps(steps: Iterable<Step>): Promise<void> {
    for (const step of steps) {
      const statements = step.filter((statement) => statement !== null);
      const last = statements.pop();
      if (!last) continue;
      const others = statements.map(
        (statement, place) => sql`${name(`step${place}`)} AS (${statement})`,
      );
      await this.#client.run(others.length > 0 ? sql`WITH ${join(others)} ${last}` : last);
    }
  }
}

/** Creates the logs of users who have none, in a separate transaction. */
export async function createUsers(client: SqlClient, userIds: readonly string[]): Promise<void> {
  const missing = rowTable({
    name: "missing",
    columns: { userId: "text" },
    rows: [...userIds].sort().map((userId) => [userId]),
  });
  await client.run(sql`
    INSERT INTO "User" ("userId", "headRevision", "compactedRevision", "createdAt")
    SELECT "userId", 0, 0, ${now} FROM ${missing} ORDER BY "userId" ON CONFLICT DO NOTHING`);
}

interface LockedRow {
  readonly userId: string;
  readonly headRevision: bigint;
  readonly compactedRevision: bigint;
  readonly now: Date;
}
