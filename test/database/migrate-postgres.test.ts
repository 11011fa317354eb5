import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { MigrationError } from "../../src/database/migrate.ts";
import { epoch } from "../../src/database/postgres/epoch.ts";
import { migratePostgres } from "../../src/database/postgres/migrate-postgres.ts";
import { connect, postgres } from "./migrated-databases.ts";
import { prismaMigrate } from "./schema-engine.ts";

const { released } = postgres;

/** Returns the error of a failed migration. */
function failure(migrating: Promise<unknown>): Promise<Error> {
  return migrating.then(
    () => expect.fail("it migrated"),
    (error: Error) => error,
  );
}

/** A name that no other test on the same server uses. */
function uniqueName(): string {
  return `baton_test_${randomBytes(8).toString("hex")}`;
}

/** Creates a database with these options. Returns a connection to it, and its name. */
async function connectToNew(options: string): Promise<{ client: Client; name: string }> {
  const name = uniqueName();
  const url = new URL(inject("postgresUrl"));
  const server = await connect(url.href);
  await server.query(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
  onTestFinished(() => server.query(`DROP DATABASE ${name}`).then(() => {}));
  url.pathname = name;
  return { client: await connect(url.href), name };
}

/** Resolves when another session waits for an advisory lock of this client's database. */
async function waitForWaiting(client: Client): Promise<void> {
  const waiting = `
    SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`;
  while ((await client.query(waiting)).rowCount === 0);
}

test("if several processes start at the same time, all succeed and one migrates", async () => {
  const { open } = await postgres.create();
  const connections = await Promise.all([1, 2, 3, 4, 5].map(open));
  const applied = await Promise.all(connections.map((each) => each.migrate(released)));
  expect(applied.filter((names) => names.length > 0)).toEqual([released.names]);
  const recorded = await connections[0]?.query('SELECT FROM "_prisma_migrations"');
  expect(recorded).toHaveLength(released.names.length);
});

test("sees the changes for which it waited, at any default isolation of the database", async () => {
  const { url } = await postgres.create();
  const clients = await Promise.all([connect(url), connect(url), connect(url)]);
  for (const client of clients) {
    await client.query("SET default_transaction_isolation = 'serializable'");
  }
  const applied = await Promise.all(
    clients.map((client) => migratePostgres(client, released.folder)),
  );
  expect(applied.filter((names) => names.length > 0)).toEqual([released.names]);
});

test("waits while Prisma migrates, and reports it if that takes too long", async () => {
  const { url, open } = await postgres.create();
  const other = await connect(url);
  await other.query("SELECT pg_advisory_lock(72707369)"); // like Prisma's engine

  const client = await connect(url);
  const error = await failure(migratePostgres(client, released.folder, 100));
  expect(error).toBeInstanceOf(MigrationError);
  expect(error.message).toContain("Another process has been migrating the database for 0.1 s.");

  const migrating = (await open()).migrate(released);
  await other.query("SELECT pg_advisory_unlock(72707369)");
  expect(await migrating).toEqual(released.names);
});

test("does not report a migration that Prisma is applying as failed", async () => {
  const { url, open } = await postgres.create();
  await (await open()).migrate(released);
  const other = await connect(url);
  await other.query("SELECT pg_advisory_lock(72707369)");
  await other.query('UPDATE "_prisma_migrations" SET "finished_at" = NULL');

  const migrating = (await open()).migrate(released);
  await waitForWaiting(other);
  await other.query('UPDATE "_prisma_migrations" SET "finished_at" = now()');
  await other.query("SELECT pg_advisory_unlock(72707369)");
  expect(await migrating).toEqual([]);
});

test("keeps Prisma out while it migrates", async () => {
  const { url, adapter, open } = await postgres.create();
  const other = await connect(url);
  await (await open()).migrate(released);
  await other.query("BEGIN");
  await other.query("SELECT pg_advisory_xact_lock(72707369)"); // like migratePostgres

  const deploying = prismaMigrate(adapter).deploy(released);
  await waitForWaiting(other);
  await other.query("COMMIT");
  expect(await deploying).toEqual([]);
});

test("sorts by bytes in a database with an English collation", async () => {
  const { client } = await connectToNew("LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING 'UTF8'");
  await migratePostgres(client, released.folder);
  const { rows: english } = await client.query(`SELECT 'a' < 'B' AS "isEnglish"`);
  expect(english).toEqual([{ isEnglish: true }]);

  await client.query(
    `INSERT INTO "User" ("userId", "createdAt")
     SELECT unnest(string_to_array('b a é B a-b ab _', ' ')), now()`,
  );
  const { rows: users } = await client.query('SELECT "userId" FROM "User" ORDER BY "userId"');
  expect(users.map(({ userId }) => userId)).toEqual(["B", "_", "a", "a-b", "ab", "b", "é"]);

  const { rows: others } = await client.query(
    `SELECT DISTINCT column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
       AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' ORDER BY 1`,
  );
  expect(others).toEqual([{ column_name: "metadata" }, { column_name: "value" }]);
});

test("G15: each restore of a dump has a different epoch", async () => {
  const client = await connect((await postgres.create()).url);
  await migratePostgres(client, released.folder);
  const copies = new Set<string>();
  for (let restore = 0; restore < 3; restore++) {
    // Like pg_restore: a dump has the values of all columns except generated ones.
    await client.query(`DELETE FROM "History"; INSERT INTO "History" ("epoch") VALUES ('dumped')`);
    const read = `SELECT ${epoch.sql} AS "epoch" FROM "History"`;
    for (let times = 0; times < 2; times++) {
      copies.add((await client.query(read)).rows[0].epoch);
    }
  }
  expect(copies.size).toBe(3);
});

test("reports which line of a migration failed, and leaves the database unchanged", async () => {
  const connection = await (await postgres.create()).open();
  const migrations = released.copy();
  migrations.write("29990101000000_broken", "CREATE TABLE a (b TEXT);\n\nCREATE TABEL c;\n");
  const error = await failure(connection.migrate(migrations));
  expect(error.message).toBe(
    "The migration 29990101000000_broken failed, and the database is unchanged. " +
      'Line 3: syntax error at or near "TABEL"',
  );
  expect(await connection.tableNames()).toEqual([]);
});

test("uses only the first schema of the search_path", async () => {
  const { url } = await postgres.create();
  const client = await connect(url);
  await client.query('CREATE TABLE other (a TEXT); CREATE SCHEMA "Baton"');
  await client.query('SET search_path = "Baton", public');
  expect(await migratePostgres(client, released.folder)).toEqual(released.names);
  expect(await migratePostgres(client, released.folder)).toEqual([]);

  await client.query("SET search_path = public");
  const error = await failure(migratePostgres(client, released.folder));
  expect(error.message).toBe(
    "The database has tables (other) but no record of migrations, so Baton did not create it. " +
      "Choose another database or schema.",
  );
});

test("ignores the tables of an extension", async () => {
  const client = await connect((await postgres.create()).url);
  await client.query(
    "CREATE TABLE of_extension (); ALTER EXTENSION plpgsql ADD TABLE of_extension",
  );
  expect(await migratePostgres(client, released.folder)).toEqual(released.names);
});

test("refuses a search_path without a schema", async () => {
  const client = await connect((await postgres.create()).url);
  await client.query("SET search_path = nowhere");
  const error = await failure(migratePostgres(client, released.folder));
  expect(error).toBeInstanceOf(MigrationError);
  expect(error.message).toContain("no schema in its search_path (nowhere)");
});

test("names the privileges that a role needs to create tables", async () => {
  const { url } = await postgres.create();
  const client = await connect(url);
  const role = uniqueName();
  await client.query(`CREATE ROLE ${role}`);
  onTestFinished(() => client.query(`RESET ROLE; DROP ROLE ${role}`).then(() => {}));
  await client.query(`SET ROLE ${role}`);
  const error = await failure(migratePostgres(client, released.folder));
  expect(error).toBeInstanceOf(MigrationError);
  expect(error.message).toBe(
    `The role ${role} may not create tables in the schema public. Have its owner run: ` +
      `GRANT USAGE, CREATE ON SCHEMA public TO ${role}.`,
  );
});

test("reports what to run for a role that may not create extensions, and uses existing ones", async () => {
  const { url } = await postgres.create();
  const client = await connect(url);
  const role = uniqueName();
  await client.query(`CREATE ROLE ${role}; CREATE SCHEMA own AUTHORIZATION ${role}`);
  onTestFinished(() =>
    client.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`).then(() => {}),
  );
  await client.query(`SET ROLE ${role}; SET search_path = own`);
  const error = await failure(migratePostgres(client, released.folder));
  expect(error).toBeInstanceOf(MigrationError);
  expect(error.message).toBe(
    `The role ${role} may not create the extension pg_trgm. Have the owner of the database run in it: ` +
      "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin.",
  );
  // In a schema outside the search_path, as with some providers.
  await client.query(
    `RESET ROLE; CREATE SCHEMA theirs; GRANT USAGE ON SCHEMA theirs TO ${role};
     CREATE EXTENSION pg_trgm SCHEMA theirs; CREATE EXTENSION btree_gin SCHEMA theirs; SET ROLE ${role}`,
  );
  expect(await migratePostgres(client, released.folder)).toEqual(released.names);
});

test("refuses a database whose encoding cannot represent all text", async () => {
  const { client, name } = await connectToNew("LOCALE_PROVIDER libc LOCALE 'C' ENCODING 'LATIN1'");
  const error = await failure(migratePostgres(client, released.folder));
  expect(error).toBeInstanceOf(MigrationError);
  expect(error.message).toContain(`The database ${name} has the encoding LATIN1`);
});
