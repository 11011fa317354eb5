import { Client, types } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { epoch } from "../../src/database/postgres/epoch.ts";
import { now as statementTime } from "../../src/database/postgres/now.ts";
import {
  createUsers,
  PostgresWriteTransaction,
} from "../../src/database/postgres/write-transaction.ts";
import { readCreatedEntries } from "../../src/database/read-created-entries.ts";
import { readEntries, readEntry, readStoredEntries } from "../../src/database/read-entries.ts";
import {
  readNamespaceNames,
  readNamespaces,
  readUsage,
} from "../../src/database/read-namespaces.ts";
import {
  readHeads,
  readLastClear,
  readLog,
  readLogEnds,
  readStoredLog,
} from "../../src/database/read-log.ts";
import { readPastKeys, readPastNamespace, readRevisions } from "../../src/database/read-past.ts";
import { rowTable } from "../../src/database/postgres/row-table.ts";
import { indexStep } from "../../src/store/search/index-step.ts";
import { createPostgresSearch, postgresSearch } from "../../src/store/search/search-postgres.ts";
import {
  readIndexed,
  readIndexState,
  readPlaces,
  readWritten,
  type SearchReader,
} from "../../src/store/search/search-reader.ts";
import type { Sql, SqlClient } from "../../src/database/sql.ts";
import { unclaimed, type StoredEntry } from "../../src/store/model/claim.ts";
import { everything, exact } from "../../src/store/model/text-match.ts";
import type { EntryQuery, PageBounds } from "../../src/store/contract.ts";
import type { Effects } from "../../src/store/commit/state.ts";
import type { OwnDatabase } from "../own-database.ts";
import { createPartitionedPostgres } from "../postgres-partitioned.ts";

interface Plan {
  readonly "Relation Name"?: string;
  readonly "Actual Loops": number;
  readonly Plans?: readonly Plan[];
}

/** Runs statements with EXPLAIN, and notes which tables they read. */
class Explainer implements SqlClient {
  readonly #client: Client;
  readonly read = new Set<string>();

  constructor(client: Client) {
    this.#client = client;
  }

  async all<Row>({ text, values }: Sql): Promise<Row[]> {
    await this.#explain({ text, values });
    const { rows } = await this.#client.query(text, values as unknown[]);
    return rows as Row[];
  }

  async run(sql: Sql): Promise<number> {
    await this.#explain(sql);
    return 1;
  }

  async #explain({ text, values }: Pick<Sql, "text" | "values">): Promise<void> {
    const { rows } = await this.#client.query(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values as unknown[],
    );
    this.#note(rows[0]["QUERY PLAN"][0].Plan);
  }

  /** Parts of the plan that did not run were pruned during execution. */
  #note(plan: Plan): void {
    const table = plan["Relation Name"];
    if (table !== undefined && plan["Actual Loops"] > 0) this.read.add(table);
    for (const below of plan.Plans ?? []) this.#note(below);
  }
}

const user = "user-70";
const whole = { namespaces: [everything], keys: everything };
const bounds = { maxItems: 100, maxBytes: 1_000_000 };
const at = new Date();

const entry: StoredEntry = {
  namespace: "ns-1",
  key: "key-1",
  value: "1",
  metadata: "{}",
  revision: 101n,
  createdRevision: 1n,
  createdAt: at,
  updatedAt: at,
  createdBy: "agent",
  updatedBy: "agent",
  expiresAt: null,
  ...unclaimed,
  sizeBytes: 9,
};
const { namespace, key } = entry;
const ref = { userId: user, namespace, key };
const noEffects: Effects = {
  head: 101n,
  changes: [],
  written: [],
  deleted: [],
  cleared: [],
  claimed: [],
  records: [],
  claimEvents: [],
};
const record = { idempotencyKey: "once", digest: "d", at, results: "{}" };

const write = (client: SqlClient) => new PostgresWriteTransaction(client, [user]);
const save = (effects: Partial<Effects>) => (client: SqlClient) =>
  write(client).save(new Map([[user, { ...noEffects, ...effects }]]));

const reader = (client: SqlClient) => ({ client, now: statementTime, epoch });

const search = { userId: user, namespaces: [everything], folded: "key-1", before: null };
const searchReader = (client: SqlClient, dialect = postgresSearch): SearchReader => ({
  ...reader(client),
  table: rowTable,
  dialect,
});
const limits = { firstEntries: 5, windowEntries: 5, maxWork: 500, maxIndexMs: 1_000 };
/** All windows of a search in order. The index is taken to be too slow. */
const orderedReader = (client: SqlClient) => searchReader(client, createPostgresSearch(limits));
/** The index finds all. */
const indexReader = (client: SqlClient): SearchReader => ({
  ...searchReader(client, createPostgresSearch({ ...limits, firstEntries: 1 })),
  client: { all: (query) => client.all(query), allWithin: (query) => client.all(query) },
});
const searchDatabase = (client: SqlClient) => ({
  searchReader: searchReader(client),
  readEntries: (query: EntryQuery, page: PageBounds) => readEntries(reader(client), query, page),
});

/** The statements of one user's operations. */
const statements: Record<string, (client: SqlClient) => Promise<unknown>> = {
  lock: (client) => write(client).lockAll(),
  readLogs: (client) => write(client).readLogs(),
  loadEntries: (client) => write(client).loadEntries([{ ...ref, withValue: true }]),
  loadFree: (client) =>
    write(client).loadFree(
      { userId: user, namespace, keys: everything, now: at, after: "" },
      10,
      100,
    ),
  loadRange: (client) =>
    write(client).loadRange({ userId: user, namespace, from: "key-1", before: "key-2" }),
  loadRecords: (client) =>
    write(client).loadRecords([{ userId: user, idempotencyKey: "once" }], new Date(0), 1_000),
  countEntries: (client) => write(client).countEntries(user, [everything], at),
  countNamespaces: (client) => write(client).countNamespaces(user, [everything], at, 10),
  readTotals: (client) => write(client).readTotals(user, at, { after: "", maxItems: 10 }),
  createUsers: (client) => createUsers(client, ["new"]),
  setCompacted: (client) => write(client).import.setCompacted(user, 0n),
  hasEntries: (client) => write(client).import.hasEntries(user, at),
  removeChanges: (client) => write(client).import.removeChanges(user, 5),
  removeEntries: (client) => write(client).import.removeEntries(user, 5),
  "save: written": save({ written: [{ entry, before: null }] }),
  "save: changes": save({
    changes: [{ kind: "SET", revision: 101n, namespace, key, agent: null, at, entry }],
  }),
  "save: deleted": save({ deleted: [entry] }),
  "save: cleared": save({ cleared: [namespace] }),
  "save: claimed": save({ claimed: [entry] }),
  "save: records": save({ records: [record] }),
  readEntry: (client) => readEntry(reader(client), user, entry),
  readEntries: (client) =>
    readEntries(
      reader(client),
      { userId: user, selection: whole, onlyKeys: null, after: null },
      bounds,
    ),
  readStoredEntries: (client) =>
    readStoredEntries(
      reader(client),
      { userId: user, selection: whole, onlyKeys: null, after: { namespace, key } },
      bounds,
    ),
  "readStoredEntries: the free ones": (client) =>
    readStoredEntries(
      reader(client),
      {
        userId: user,
        selection: { namespaces: [exact(namespace)], keys: everything },
        onlyKeys: null,
        onlyFree: true,
        after: { namespace, key },
      },
      bounds,
    ),
  readNamespaces: (client) => readNamespaces(reader(client), user, [everything], null, 10),
  readPastKeys: (client) =>
    readPastKeys(
      client,
      { userId: user, namespace, keys: everything, after: "", at: 50n, compacted: 0n },
      10,
    ),
  readPastNamespace: (client) => readPastNamespace(client, user, everything, null),
  readRevisions: (client) => readRevisions(client, user, [1n, 50n]),
  readNamespaceNames: (client) => readNamespaceNames(reader(client), user, [everything], null, 10),
  readUsage: (client) => readUsage(reader(client), user, [everything]),
  readLogEnds: (client) => readLogEnds(reader(client), user),
  readHeads: (client) => readHeads(client, [user]),
  readLog: (client) =>
    readLog(reader(client), { userId: user, selection: whole, after: 3n }, bounds),
  "readLog: the newest first": (client) =>
    readLog(
      reader(client),
      { userId: user, selection: whole, after: 3n, isNewestFirst: true },
      bounds,
    ),
  readCreatedEntries: (client) =>
    readCreatedEntries(
      reader(client),
      {
        userId: user,
        selection: whole,
        onlyKeys: null,
        after: 3n,
        isNewestFirst: true,
        withoutValues: true,
      },
      bounds,
    ),
  readStoredLog: (client) =>
    readStoredLog(reader(client), { userId: user, selection: whole, after: 3n }, bounds),
  readLastClear: (client) => readLastClear(client, user, namespace, 0n, 100n),
  readIndexState: (client) => readIndexState(reader(client), user),
  "readIndexed: in order": (client) => readIndexed(orderedReader(client), search, 10, null),
  "readIndexed: by index": (client) => readIndexed(indexReader(client), search, 10, null),
  readWritten: (client) => readWritten(reader(client), search, 3n, 100n),
  readPlaces: (client) => readPlaces(searchReader(client), user, [entry]),
  indexStep: async (client) => {
    while (await indexStep(searchDatabase(client), (work) => work(client), user));
  },
};

describe("a statement of one user reads that user's partition alone", () => {
  let database: OwnDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await createPartitionedPostgres();
    const getTypeParser = (type: number) => (type === 20 ? BigInt : types.getTypeParser(type));
    client = new Client({ connectionString: database.url, types: { getTypeParser } as never });
    await client.connect();
    // PostgreSQL reads all rows of a small table instead of using an index.
    await client.query(`
      INSERT INTO "User" SELECT 'user-' || u, 100, 0, now() FROM generate_series(1, 5000) u;
      INSERT INTO "Entry" ("userId", "namespace", "key", "revision", "createdRevision", "createdAt", "updatedAt",
        "createdBy", "updatedBy", "sizeBytes", "metadata", "value")
      SELECT 'user-' || u, 'ns-' || k / 10, 'key-' || k, k, 1, now(), now(), 'agent', 'agent', 99, '{}',
        '"' || repeat('x', 200) || '"' FROM generate_series(1, 5000) u, generate_series(1, 40) k;
      INSERT INTO "Namespace" SELECT "userId", "namespace", COUNT(*), SUM("sizeBytes"), now()
        FROM "Entry" GROUP BY "userId", "namespace";
      INSERT INTO "NamespaceAgent" SELECT "userId", "namespace", 'agent', 2 * COUNT(*)
        FROM "Entry" GROUP BY "userId", "namespace";
      INSERT INTO "Change" ("userId", "revision", "kind", "namespace", "at")
        SELECT 'user-' || u, k, 'NAMESPACE_CLEARED', 'ns', now()
        FROM generate_series(1, 5000) u, generate_series(1, 10) k;
      INSERT INTO "Change" ("userId", "revision", "kind", "namespace", "key", "at")
        SELECT "userId", "revision", 'SET', "namespace", "key", now() FROM "Entry" WHERE "revision" BETWEEN 11 AND 20;
      INSERT INTO "Answer" SELECT 'user-' || u, 'key-' || k, now(), 'd', '{}'
        FROM generate_series(1, 5000) u, generate_series(1, 10) k;
      INSERT INTO "SearchText" SELECT "userId", "namespace", "key", "revision", "key" FROM "Entry" WHERE "revision" < 20;
      INSERT INTO "SearchProgress" SELECT "userId", 1 FROM "User";
      ANALYZE`);
  });
  afterAll(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
  });

  /** Tables other than this user's partitions. An INSERT names its table, and routes each row to a partition. */
  async function othersRead(run: (client: SqlClient) => Promise<unknown>): Promise<string[]> {
    const { rows } = await client.query(
      `SELECT "table" || substring(tableoid::regclass::text FROM '_\\d+') AS "name"
       FROM "User", unnest(ARRAY['User', 'Entry', 'Namespace', 'NamespaceAgent', 'Change',
         'Answer', 'SearchText', 'SearchProgress']) AS "table" WHERE "userId" = $1`,
      [user],
    );
    const own = rows.map(({ name }) => name);
    const explainer = new Explainer(client);
    await client.query("BEGIN");
    await run(explainer);
    await client.query("ROLLBACK");
    expect(explainer.read.size).toBeGreaterThan(0);
    return [...explainer.read].filter((table) => /_\d+$/.test(table) && !own.includes(table));
  }

  test.each(Object.entries(statements))("%s", async (_name, run) => {
    expect(await othersRead(run)).toEqual([]);
  });
});
