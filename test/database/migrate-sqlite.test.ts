import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as schemaEngine from "@prisma/schema-engine-wasm/schema_engine_bg";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PrismaClient } from "../../src/database/generated/sqlite/client.ts";
import { migrateSqlite, MigrationError } from "../../src/database/sqlite/migrate-sqlite.ts";

// Node has it, @types/node 20 does not.
declare const WebAssembly: {
  instantiate(
    wasm: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

const root = fileURLToPath(new URL("../..", import.meta.url));
const released = join(root, "prisma", "sqlite", "migrations");
const releasedNames = migrationNames(released);

let folder: string;
let url: string;
/** A copy of the released migrations, for a test to change. */
let migrations: string;
let cleanUps: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-migrate-"));
  url = `file:${join(folder, "baton.db")}`;
  migrations = join(folder, "migrations");
  cpSync(released, migrations, { recursive: true });
  cleanUps = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })];
});

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

function migrationNames(migrationsFolder: string): string[] {
  return readdirSync(migrationsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const adapterOptions = { timestampFormat: "unixepoch-ms" } as const;

function open(): PrismaClient {
  const client = new PrismaClient({
    adapter: new PrismaLibSql({ url, timeout: 5000 }, adapterOptions),
  });
  cleanUps.push(() => client.$disconnect());
  return client;
}

function addMigration(name: string, sql: string): void {
  mkdirSync(join(migrations, name));
  writeFileSync(join(migrations, name, "migration.sql"), sql);
}

async function tableNames(client: PrismaClient): Promise<string[]> {
  const rows = await client.$queryRawUnsafe<{ name: string }[]>(
    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
  );
  return rows.map(({ name }) => name);
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("migrateSqlite", () => {
  test("makes a fresh database that the client can use", async () => {
    const client = open();
    expect(await migrateSqlite(client, migrations)).toEqual(releasedNames);
    expect(await client.user.count()).toBe(0);
    expect(await client.entry.count()).toBe(0);
    expect(await client.change.count()).toBe(0);
    expect(await client.token.count()).toBe(0);
  });

  test("records each migration as Prisma does", async () => {
    const client = open();
    const before = Date.now();
    await migrateSqlite(client, migrations);
    const rows = await client.$queryRawUnsafe<Record<string, unknown>[]>(
      `SELECT *, typeof("started_at") AS "started_type", typeof("finished_at") AS "finished_type"
       FROM "_prisma_migrations" ORDER BY "migration_name"`,
    );
    expect(rows).toEqual(
      releasedNames.map((name) => ({
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        checksum: sha256(join(migrations, name, "migration.sql")),
        migration_name: name,
        logs: null,
        rolled_back_at: null,
        started_at: expect.any(Date),
        finished_at: expect.any(Date),
        started_type: "integer",
        finished_type: "integer",
        applied_steps_count: 1,
      })),
    );
    expect(Number(rows[0]?.started_at)).toBeGreaterThanOrEqual(before);
    expect(Number(rows[0]?.finished_at)).toBeLessThanOrEqual(Date.now());
  });

  test("applies nothing the second time, and only what is new after that", async () => {
    const client = open();
    await migrateSqlite(client, migrations);
    expect(await migrateSqlite(client, migrations)).toEqual([]);

    addMigration("29990101000000_note", '-- a;\nCREATE TABLE "Note" ("a;b" TEXT);\n');
    expect(await migrateSqlite(client, migrations)).toEqual(["29990101000000_note"]);
    expect(await migrateSqlite(open(), migrations)).toEqual([]);
    expect(await tableNames(client)).toContain("Note");
  });

  test("reads files with Windows line ends, also for migrations applied with others", async () => {
    const client = open();
    await migrateSqlite(client, migrations);
    for (const name of releasedNames) {
      const path = join(migrations, name, "migration.sql");
      writeFileSync(path, readFileSync(path, "utf8").replaceAll("\n", "\r\n"));
    }
    addMigration("29990101000000_note", "-- a\r\nCREATE TABLE a (b TEXT);\r\nDROP TABLE a;\r\n");
    expect(await migrateSqlite(client, migrations)).toEqual(["29990101000000_note"]);
  });

  test("refuses a migration that changed after it was applied", async () => {
    const client = open();
    await migrateSqlite(client, migrations);
    const [name = ""] = releasedNames;
    appendFileSync(join(migrations, name, "migration.sql"), "\n-- changed\n");

    const outcome = migrateSqlite(client, migrations);
    await expect(outcome).rejects.toThrow(MigrationError);
    await expect(outcome).rejects.toThrow(`${name} is not the one that was applied`);
  });

  test("refuses a database of a newer version", async () => {
    const client = open();
    addMigration("29990101000000_future", "CREATE TABLE future (a TEXT);\n");
    await migrateSqlite(client, migrations);

    const outcome = migrateSqlite(client, released);
    await expect(outcome).rejects.toThrow(MigrationError);
    await expect(outcome).rejects.toThrow("29990101000000_future, which this version of Baton");
  });

  test("refuses a database whose migration by Prisma did not finish", async () => {
    const client = open();
    await migrateSqlite(client, migrations);
    await client.$executeRawUnsafe('UPDATE "_prisma_migrations" SET "finished_at" = NULL');

    await expect(migrateSqlite(client, migrations)).rejects.toThrow("did not finish");
  });

  test("refuses a database that is not Baton's", async () => {
    const client = open();
    await client.$executeRawUnsafe("CREATE TABLE somebody (a TEXT)");

    await expect(migrateSqlite(client, migrations)).rejects.toThrow("it is not Baton's");
    expect(await tableNames(client)).toEqual(["somebody"]);
  });

  test("leaves nothing behind when a migration fails", async () => {
    const client = open();
    const broken = "CREATE TABLE first (a TEXT);\nCREATE TABLE second (a TEXT, a TEXT);\n";
    addMigration("29990101000000_broken", broken);

    const outcome = migrateSqlite(client, migrations);
    await expect(outcome).rejects.toThrow(MigrationError);
    await expect(outcome).rejects.toThrow("duplicate column name: a");
    expect(await tableNames(client)).toEqual([]);

    expect(await migrateSqlite(client, released)).toEqual(releasedNames);
    await expect(migrateSqlite(client, migrations)).rejects.toThrow("29990101000000_broken failed");
    expect(await tableNames(client)).not.toContain("first");
  });
});

describe("stock Prisma", () => {
  // The CLI wants to download its engine, so this is that engine's WebAssembly build.
  beforeAll(async () => {
    const require = createRequire(import.meta.url);
    const entry = require.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
    const wasm = readFileSync(join(dirname(entry), "schema_engine_bg.wasm"));
    const { instance } = await WebAssembly.instantiate(wasm, {
      "./schema_engine_bg.js": schemaEngine,
    });
    // Generated glue that its own declarations leave out.
    (schemaEngine as unknown as { __wbg_set_wasm(wasm: unknown): void }).__wbg_set_wasm(
      instance.exports,
    );
    instance.exports.__wbindgen_start();
  });

  async function startEngine(): Promise<schemaEngine.SchemaEngine> {
    const factory = new PrismaLibSql({ url, timeout: 5000 }, adapterOptions);
    const connect = factory.connect.bind(factory);
    factory.connect = async () => {
      const connection = await connect();
      cleanUps.push(() => connection.dispose()); // the engine does not
      return connection;
    };
    return schemaEngine.SchemaEngine.new(
      { datamodels: [["schema.prisma", readFileSync(join(released, "../schema.prisma"), "utf8")]] },
      () => {},
      bindMigrationAwareSqlAdapterFactory(factory),
    );
  }

  function history() {
    const filters = { externalTables: [], externalEnums: [] };
    const migrationsList: schemaEngine.MigrationList = {
      baseDir: migrations,
      lockfile: {
        path: "migration_lock.toml",
        content: readFileSync(join(migrations, "migration_lock.toml"), "utf8"),
      },
      shadowDbInitScript: "",
      migrationDirectories: migrationNames(migrations).map((name) => ({
        path: name,
        migrationFile: {
          path: "migration.sql",
          content: {
            tag: "ok" as const,
            value: readFileSync(join(migrations, name, "migration.sql"), "utf8"),
          },
        },
      })),
    };
    return {
      deploy: { migrationsList, filters },
      status: { migrationsList, filters, optInToShadowDatabase: false },
    };
  }

  const upToDate = {
    hasMigrationsTable: true,
    history: null,
    editedMigrationNames: [],
    failedMigrationNames: [],
  };

  test("continues the history (migrate status, migrate deploy)", async () => {
    await migrateSqlite(open(), migrations);
    const engine = await startEngine();
    expect(await engine.diagnoseMigrationHistory(history().status)).toEqual(upToDate);
    expect(await engine.applyMigrations(history().deploy)).toEqual({ appliedMigrationNames: [] });

    addMigration("29990101000000_note", 'CREATE TABLE "Note" ("a" TEXT);\n');
    expect(await engine.applyMigrations(history().deploy)).toEqual({
      appliedMigrationNames: ["29990101000000_note"],
    });
  });

  test("leaves a history that migrateSqlite continues, with the same table", async () => {
    const tableSql = (client: PrismaClient) =>
      client.$queryRawUnsafe(
        "SELECT sql FROM sqlite_master WHERE name = '_prisma_migrations' AND type = 'table'",
      );
    const engine = await startEngine();
    await engine.applyMigrations(history().deploy);
    const client = open();
    expect(await migrateSqlite(client, migrations)).toEqual([]);
    const prismaSql = await tableSql(client);

    url = `file:${join(folder, "ours.db")}`;
    const ours = open();
    await migrateSqlite(ours, migrations);
    expect(await tableSql(ours)).toEqual(prismaSql);
  });
});

describe("processes that start at once on one new file", () => {
  // Node 20 can't run TypeScript. Below node_modules the output finds its packages.
  async function compile(): Promise<string> {
    const cache = join(root, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    const output = mkdtempSync(join(cache, "baton-migrate-"));
    cleanUps.push(() => rmSync(output, { recursive: true, force: true, maxRetries: 3 }));
    writeFileSync(join(output, "package.json"), '{ "type": "module" }');
    const config = join(output, "tsconfig.json");
    const source = join(root, "src", "database");
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: {
          noEmit: false,
          noCheck: true,
          allowImportingTsExtensions: false,
          rootDir: source,
          outDir: output,
          types: [],
        },
        files: [
          join(source, "migrate-sqlite.ts"),
          join(source, "generated", "sqlite", "client.ts"),
        ],
        include: [],
      }),
    );
    const require = createRequire(import.meta.url);
    const typescript = dirname(require.resolve("typescript/package.json"));
    await promisify(execFile)(process.execPath, [join(typescript, "bin", "tsc"), "-p", config]);
    return output;
  }

  // Reports ready when its connection is open, and migrates when it gets a line.
  const childSource = `
    import { once } from "node:events";
    import { PrismaLibSql } from "@prisma/adapter-libsql";
    const [compiled, url, migrations] = process.argv.slice(1);
    const { PrismaClient } = await import(new URL("generated/sqlite/client.js", compiled));
    const { migrateSqlite } = await import(new URL("migrate-sqlite.js", compiled));
    const adapter = new PrismaLibSql({ url, timeout: 20000 }, { timestampFormat: "unixepoch-ms" });
    const client = new PrismaClient({ adapter });
    await client.$connect();
    console.log("ready");
    await once(process.stdin, "data");
    console.log(JSON.stringify(await migrateSqlite(client, migrations)));
    await client.$disconnect();
    process.exit();
  `;

  function start(compiled: string) {
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        childSource,
        `${pathToFileURL(compiled)}/`,
        url,
        migrations,
      ],
      { cwd: root, stdio: ["pipe", "pipe", "pipe"] },
    );
    cleanUps.push(() => child.kill());
    let output = "";
    let errors = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (errors += data));
    const ended = once(child, "close");
    return {
      ready: Promise.race([once(child.stdout, "data"), ended]),
      go: () => child.stdin.end("go\n"),
      applied: async (): Promise<unknown> => {
        await ended;
        expect(errors).toBe("");
        return JSON.parse(output.split("\n")[1] ?? "null");
      },
    };
  }

  test("all succeed, and one of them migrates", { timeout: 60_000 }, async () => {
    const compiled = await compile();
    const children = [start(compiled), start(compiled), start(compiled)];
    await Promise.all(children.map(({ ready }) => ready));
    for (const { go } of children) go();

    const applied = await Promise.all(children.map((child) => child.applied()));
    expect(applied).toHaveLength(3);
    expect(applied).toContainEqual(releasedNames);
    expect(applied.filter((names) => Array.isArray(names) && names.length === 0)).toHaveLength(2);
    const recorded = await open().$queryRawUnsafe<{ name: string }[]>(
      'SELECT "migration_name" AS "name" FROM "_prisma_migrations" ORDER BY "migration_name"',
    );
    expect(recorded.map(({ name }) => name)).toEqual(releasedNames);
  });
});
