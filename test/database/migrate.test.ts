import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { MigrationError } from "../../src/database/migrate.ts";
import { migratedKinds } from "./migrated-databases.ts";
import { prismaMigrate } from "./schema-engine.ts";

describe.each(migratedKinds)("migrating $name", ({ create, released }) => {
  async function setUp() {
    const database = await create();
    return { database, connection: await database.open(), migrations: released.copy() };
  }

  test("creates a database that the client can use", async () => {
    const { database, connection, migrations } = await setUp();
    expect(await connection.migrate(migrations)).toEqual(released.names);
    const client = database.client();
    expect(await client.user.count()).toBe(0);
    expect(await client.entry.count()).toBe(0);
    expect(await client.change.count()).toBe(0);
    expect(await client.token.count()).toBe(0);
  });

  test("records each migration as Prisma does", async () => {
    const { connection, migrations } = await setUp();
    const before = Date.now();
    await connection.migrate(migrations);
    const rows = await connection.query('SELECT * FROM "_prisma_migrations" ORDER BY 4');
    expect(rows).toEqual(
      released.names.map((name) => ({
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        checksum: createHash("sha256").update(released.read(name)).digest("hex"),
        migration_name: name,
        logs: null,
        rolled_back_at: null,
        started_at: expect.any(Date),
        finished_at: expect.any(Date),
        applied_steps_count: 1,
      })),
    );
    expect(Number(rows[0]?.started_at)).toBeGreaterThanOrEqual(before);
    expect(Number(rows[0]?.finished_at)).toBeLessThanOrEqual(Date.now());
  });

  test("applies nothing the second time, and later only new migrations", async () => {
    const { database, connection, migrations } = await setUp();
    await connection.migrate(migrations);
    expect(await connection.migrate(migrations)).toEqual([]);

    migrations.write("29990101000000_note", '-- a;\nCREATE TABLE "Note" ("a;b" TEXT);\n');
    expect(await connection.migrate(migrations)).toEqual(["29990101000000_note"]);
    expect(await (await database.open()).migrate(migrations)).toEqual([]);
    expect(await connection.tableNames()).toContain("Note");
  });

  test("accepts files with Windows line ends, even if they were applied with other line ends", async () => {
    const { connection, migrations } = await setUp();
    await connection.migrate(migrations);
    for (const name of migrations.names) {
      migrations.write(name, migrations.read(name).replaceAll("\n", "\r\n"));
    }
    migrations.write(
      "29990101000000_note",
      "-- a\r\nCREATE TABLE a (b TEXT);\r\nDROP TABLE a;\r\n",
    );
    expect(await connection.migrate(migrations)).toEqual(["29990101000000_note"]);
  });

  test("refuses a migration that changed after it was applied", async () => {
    const { connection, migrations } = await setUp();
    await connection.migrate(migrations);
    const [name = ""] = migrations.names;
    migrations.write(name, `${migrations.read(name)}\n-- changed\n`);

    const outcome = connection.migrate(migrations);
    await expect(outcome).rejects.toThrow(MigrationError);
    await expect(outcome).rejects.toThrow(`${name} differs from the one that was applied`);
  });

  test("refuses a database of a newer version", async () => {
    const { connection, migrations } = await setUp();
    migrations.write("29990101000000_future", "CREATE TABLE future (a TEXT);\n");
    await connection.migrate(migrations);

    const outcome = connection.migrate(released);
    await expect(outcome).rejects.toThrow(MigrationError);
    await expect(outcome).rejects.toThrow("29990101000000_future, which this version of Baton");
  });

  test("refuses a database whose migration by Prisma did not finish", async () => {
    const { connection, migrations } = await setUp();
    await connection.migrate(migrations);
    await connection.execute('UPDATE "_prisma_migrations" SET "finished_at" = NULL');

    await expect(connection.migrate(migrations)).rejects.toThrow("did not finish");
  });

  test("refuses a database that contains other tables", async () => {
    const { connection, migrations } = await setUp();
    await connection.execute("CREATE TABLE other (a TEXT)");

    await expect(connection.migrate(migrations)).rejects.toThrow("Baton did not create it");
    expect(await connection.tableNames()).toEqual(["other"]);
  });

  test("leaves nothing behind when a migration fails", async () => {
    const { connection, migrations } = await setUp();
    const broken = "CREATE TABLE first (a TEXT);\nCREATE TABLE second (a TEXT, a TEXT);\n";
    migrations.write("29990101000000_broken", broken);

    const outcome = connection.migrate(migrations);
    await expect(outcome).rejects.toThrow(MigrationError);
    await expect(outcome).rejects.toThrow(/duplicate column name: a|"a" specified more than once/);
    expect(await connection.tableNames()).toEqual([]);

    expect(await connection.migrate(released)).toEqual(released.names);
    await expect(connection.migrate(migrations)).rejects.toThrow("29990101000000_broken failed");
    expect(await connection.tableNames()).not.toContain("first");
  });

  describe("and stock Prisma", () => {
    test("continue from the state that the other left", async () => {
      const { database, connection, migrations } = await setUp();
      const prisma = prismaMigrate(database.adapter);
      await connection.migrate(migrations);
      expect(await prisma.status(migrations)).toEqual({
        hasMigrationsTable: true,
        history: null,
        editedMigrationNames: [],
        failedMigrationNames: [],
      });
      expect(await prisma.deploy(migrations)).toEqual([]);

      migrations.write("29990101000000_note", 'CREATE TABLE "Note" ("a" TEXT);\n');
      expect(await prisma.deploy(migrations)).toEqual(["29990101000000_note"]);
      expect(await connection.migrate(migrations)).toEqual([]);
    });

    test("record it in the same table", async () => {
      const [prismas, ours] = [await setUp(), await setUp()];
      const prisma = prismaMigrate(prismas.database.adapter);
      expect(await prisma.deploy(prismas.migrations)).toEqual(released.names);
      expect(await prismas.connection.migrate(prismas.migrations)).toEqual([]);

      await ours.connection.migrate(ours.migrations);
      expect(await ours.connection.describeRecord()).toEqual(
        await prismas.connection.describeRecord(),
      );
      expect(await ours.connection.tableNames()).toEqual(await prismas.connection.tableNames());
    });
  });
});
