import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { migratePostgres } from "../../src/database/postgres/migrate-postgres.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { setCommand } from "../commands.ts";
import { createPartitionedPostgres, partition } from "../postgres-partitioned.ts";
import { connect, postgres } from "./migrated-databases.ts";

const { released } = postgres;
const tables = [
  "Answer",
  "Change",
  "Entry",
  "Namespace",
  "NamespaceAgent",
  "SearchProgress",
  "SearchText",
  "Token",
  "User",
];

async function migrated(): Promise<Client> {
  const client = await connect((await postgres.create()).url);
  await migratePostgres(client, released.folder);
  return client;
}

async function partitioned(): Promise<Client> {
  const database = await createPartitionedPostgres();
  onTestFinished(() => database[Symbol.asyncDispose]());
  return connect(database.url);
}

/** The columns of each table of Baton, with their types, collations and defaults, and its indexes. */
async function describeTables(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(
    `SELECT relname,
       (SELECT array_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attcollation::regcollation,
          attnotnull, pg_get_expr(adbin, adrelid)) ORDER BY attnum)
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = pg_class.oid AND attnum > 0) AS columns,
       (SELECT array_agg(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
          ORDER BY replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '))
        FROM pg_index WHERE indrelid = pg_class.oid) AS indexes,
       (SELECT array_agg(concat_ws(' ', conname, pg_get_constraintdef(oid)) ORDER BY conname)
        FROM pg_constraint WHERE conrelid = pg_class.oid) AS constraints
     FROM pg_class WHERE relname = ANY($1) ORDER BY relname`,
    [tables],
  );
  return rows;
}

async function readAll(client: Client): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const table of tables) {
    all.push((await client.query(`SELECT * FROM "${table}" ORDER BY 1, 2, 3`)).rows);
  }
  return all;
}

const fill = `
  INSERT INTO "User" SELECT 'user-' || u, 20, 5, now() FROM generate_series(1, 100) u;
  INSERT INTO "Entry" ("userId", "namespace", "key", "revision", "createdRevision", "createdAt", "updatedAt",
      "updatedBy", "sizeBytes", "metadata", "value")
    SELECT 'user-' || u, 'ns-' || k % 3, 'é-' || k, k, 1, now(), now(), 'agent', 9, '{}', '"v"'
    FROM generate_series(1, 100) u, generate_series(1, 20) k;
  INSERT INTO "Namespace" SELECT "userId", "namespace", COUNT(*), SUM("sizeBytes"), now()
    FROM "Entry" GROUP BY "userId", "namespace";
  INSERT INTO "NamespaceAgent" SELECT "userId", "namespace", "updatedBy", COUNT(*)
    FROM "Entry" GROUP BY "userId", "namespace", "updatedBy";
  INSERT INTO "Change" ("userId", "revision", "kind", "namespace", "at")
    SELECT 'user-' || u, k, 'NAMESPACE_CLEARED', 'ns', now() FROM generate_series(1, 100) u, generate_series(6, 20) k;
  INSERT INTO "SearchText" SELECT "userId", "namespace", "key", "revision", 'text of ' || "key" FROM "Entry";
  INSERT INTO "SearchProgress" SELECT "userId", 20 FROM "User";
  INSERT INTO "Answer" SELECT 'user-' || u, 'once', now(), 'digest', '{}' FROM generate_series(1, 100) u`;

async function kinds(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query(
    "SELECT relname, relkind FROM pg_class WHERE relname = ANY($1)",
    [tables],
  );
  return Object.fromEntries(rows.map(({ relname, relkind }) => [relname, relkind]));
}

const plainKinds = Object.fromEntries(tables.map((table) => [table, "r"]));
const partitionedKinds = Object.fromEntries(
  tables.map((table) => [table, table === "Token" ? "r" : "p"]),
);

test("partitions an empty database, and keeps its columns, keys and indexes", async () => {
  const client = await migrated();
  const before = await describeTables(client);
  await partition(client);
  expect(await kinds(client)).toEqual(partitionedKinds);
  expect(await describeTables(client)).toEqual(before);
});

test("keeps its contents", async () => {
  const client = await migrated();
  await client.query(fill);
  const before = await readAll(client);
  await partition(client);
  expect(await readAll(client)).toEqual(before);
  const { rows: used } = await client.query(
    'SELECT DISTINCT tableoid::regclass::text AS "name" FROM "Entry"',
  );
  expect(used.length).toBe(16);
});

test("keeps the owner and the privileges of the tables", async () => {
  const client = await migrated();
  const name = `baton_test_${randomBytes(8).toString("hex")}`;
  const roles = [`${name}_owner`, `${name}_guest`];
  for (const role of roles) await client.query(`CREATE ROLE ${role}`);
  onTestFinished(async () => {
    for (const role of roles) await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
  for (const table of tables) await client.query(`ALTER TABLE "${table}" OWNER TO ${roles[0]}`);
  await client.query(`GRANT SELECT ON "Entry" TO ${roles[1]}`);
  await partition(client);

  await client.query(`SET ROLE ${roles[0]}`);
  await client.query(`${fill}; ALTER TABLE "User" ADD COLUMN "note" TEXT`);
  await client.query(`SET ROLE ${roles[1]}`);
  expect((await client.query('SELECT FROM "Entry"')).rowCount).toBe(2_000);
  await expect(client.query('DELETE FROM "Entry"')).rejects.toThrow("permission denied");
  await client.query("RESET ROLE");
});

test("applies completely or not at all, and only once", async () => {
  const client = await migrated();
  await client.query(fill);
  const before = await readAll(client);
  // A table cannot be replaced while another object depends on it.
  await client.query('CREATE VIEW "Latest" AS SELECT MAX("at") FROM "Change"');
  await expect(partition(client)).rejects.toThrow("other objects depend on it");
  await client.query("ROLLBACK"); // psql -f ends the connection, which rolls back
  expect(await kinds(client)).toEqual(plainKinds);
  expect(await readAll(client)).toEqual(before);

  await client.query('DROP VIEW "Latest"');
  await partition(client);
  await expect(partition(client)).rejects.toThrow("The tables are partitioned already.");
  await client.query("ROLLBACK");
  expect(await readAll(client)).toEqual(before);
});

test("partitions tables that a later migration adds to a partitioned database", async () => {
  const client = await partitioned();
  await client.query(`CREATE TABLE "plain" (LIKE "SearchText" INCLUDING ALL); DROP TABLE "SearchText";
    ALTER TABLE "plain" RENAME TO "SearchText"`);
  expect(await kinds(client)).toEqual({ ...partitionedKinds, SearchText: "r" });
  await partition(client);
  expect(await kinds(client)).toEqual(partitionedKinds);
});

test("refuses a database that has no tables yet", async () => {
  const client = await connect((await postgres.create()).url);
  await expect(partition(client)).rejects.toThrow("let Baton migrate it first");
});

test("accepts later migrations like the plain tables", async () => {
  const plain = await migrated();
  const split = await partitioned();
  const migrations = released.copy();
  migrations.write(
    "29990101000000_expiry",
    `ALTER TABLE "Entry" ADD COLUMN "archivedAt" TIMESTAMP(3);
     ALTER TABLE "Change" ADD COLUMN "note" TEXT COLLATE "C" NOT NULL DEFAULT 'none';
     CREATE INDEX "Entry_userId_expiresAt_idx" ON "Entry"("userId", "archivedAt");
     CREATE UNIQUE INDEX "Change_userId_revision_kind_key" ON "Change"("userId", "revision", "kind");
     ALTER TABLE "User" ALTER COLUMN "compactedRevision" DROP DEFAULT`,
  );
  expect(await migratePostgres(plain, migrations.folder)).toEqual(["29990101000000_expiry"]);
  expect(await migratePostgres(split, migrations.folder)).toEqual(["29990101000000_expiry"]);
  expect(await describeTables(split)).toEqual(await describeTables(plain));

  await partition(plain); // after the migration, like before it
  expect(await describeTables(plain)).toEqual(await describeTables(split));
});

test("lets instances write to the same users without a deadlock", async () => {
  const own = await createPartitionedPostgres();
  onTestFinished(() => own[Symbol.asyncDispose]());
  const config = defaultConfig(own.config);
  const users = Array.from({ length: 40 }, (_, place) => `user-${place}`);
  const setAll = async (round: number) => {
    const database = await openDatabase(config, pino({ level: "silent" }));
    const committer = new Committer({ database, limits: config, onCommit: () => {} });
    const order = round % 2 === 0 ? users : users.toReversed();
    for (let turn = 0; turn < 15; turn++) {
      const some = order.filter((_, place) => (place * 7 + turn + round) % 3 > 0);
      const place = { namespace: "n", key: "k" };
      const sets = some.map((userId) => committer.submit(setCommand(userId, place)));
      await Promise.all(sets);
    }
    await committer.close();
    await database.close();
  };
  await Promise.all([0, 1, 2, 3].map(setAll));

  const client = await connect(own.url);
  const { rows: gaps } = await client.query(`
    SELECT "userId" FROM "User" WHERE "headRevision" <> (
      SELECT COUNT(*) FROM "Change" WHERE "Change"."userId" = "User"."userId")`);
  expect(gaps).toEqual([]);
  const { rows: counted } = await client.query(
    "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()",
  );
  expect(counted).toEqual([{ deadlocks: 0 }]);
});
