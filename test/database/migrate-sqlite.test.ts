import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqlite } from "./migrated-databases.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("records times as Prisma does: as integers", async () => {
  const connection = await (await sqlite.create()).open();
  await connection.migrate(sqlite.released);
  expect(
    await connection.query(
      `SELECT DISTINCT typeof("started_at") AS "started", typeof("finished_at") AS "finished"
       FROM "_prisma_migrations"`,
    ),
  ).toEqual([{ started: "integer", finished: "integer" }]);
});

describe("processes that start at the same time on one new file", () => {
  // Node 20 cannot run TypeScript. In a folder of node_modules, the output finds its packages.
  async function compile(): Promise<string> {
    const cache = join(root, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    const output = mkdtempSync(join(cache, "baton-migrate-"));
    onTestFinished(() => rmSync(output, { recursive: true, force: true, maxRetries: 3 }));
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
          join(source, "sqlite", "migrate-sqlite.ts"),
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

  // Reports that its connection is open, and migrates when it reads a line.
  const childSource = `
    import { once } from "node:events";
    import { PrismaLibSql } from "@prisma/adapter-libsql";
    const [compiled, url, migrations] = process.argv.slice(1);
    const { PrismaClient } = await import(new URL("generated/sqlite/client.js", compiled));
    const { migrateSqlite } = await import(new URL("sqlite/migrate-sqlite.js", compiled));
    const adapter = new PrismaLibSql({ url, timeout: 20000 }, { timestampFormat: "unixepoch-ms" });
    const client = new PrismaClient({ adapter });
    await client.$connect();
    console.log("ready");
    await once(process.stdin, "data");
    const executor = {
      all: (text, ...values) => client.$queryRawUnsafe(text, ...values),
      run: (text, ...values) => client.$executeRawUnsafe(text, ...values),
    };
    console.log(JSON.stringify(await migrateSqlite(executor, migrations)));
    await client.$disconnect();
    process.exit();
  `;

  function start(compiled: string, url: string) {
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        childSource,
        `${pathToFileURL(compiled)}/`,
        url,
        sqlite.released.folder,
      ],
      { cwd: root, stdio: ["pipe", "pipe", "pipe"] },
    );
    onTestFinished(() => void child.kill());
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

  test("all succeed, and one of them migrates", async () => {
    const compiled = await compile();
    const database = await sqlite.create();
    const children = [1, 2, 3].map(() => start(compiled, database.url));
    await Promise.all(children.map(({ ready }) => ready));
    for (const { go } of children) go();

    const applied = await Promise.all(children.map((child) => child.applied()));
    expect(applied).toHaveLength(3);
    expect(applied).toContainEqual(sqlite.released.names);
    expect(applied.filter((names) => Array.isArray(names) && names.length === 0)).toHaveLength(2);
    const recorded = await (
      await database.open()
    ).query(
      'SELECT "migration_name" AS "name" FROM "_prisma_migrations" ORDER BY "migration_name"',
    );
    expect(recorded.map(({ name }) => name)).toEqual(sqlite.released.names);
  });
});
