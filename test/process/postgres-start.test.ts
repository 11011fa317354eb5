import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { query, request, subscribe } from "../client.ts";
import { set, wholeLog } from "../operations.ts";
import { createPostgres } from "../postgres.ts";
import { BatonProcess, run, temporaryFolder } from "./baton-process.ts";
import { serveInstances } from "./instances.ts";
import { connectTo } from "./own-postgres.ts";

const count = 4;

/** Starts instances at the same time. Resolves when all serve. */
async function startAtOnce(databaseUrl: string, dataDirs: readonly string[]) {
  const processes = dataDirs.map(
    (dataDir) =>
      new BatonProcess([
        "serve",
        "--port=0",
        `--data-dir=${dataDir}`,
        `--database-url=${databaseUrl}`,
        "--postgres-connections=4",
      ]),
  );
  const end = () => Promise.all(processes.map((one) => one[Symbol.asyncDispose]()));
  try {
    await Promise.all(processes.map((one) => one.says(/Data .*\n/)));
  } catch (error) {
    await end();
    throw error;
  }
  const instances = await Promise.all(
    processes.map(async ({ stdout }) => {
      const file = /Token +(\S+local\.token)\n/.exec(stdout)?.[1];
      return {
        url: /API +(http:\S+)\/graphql\n/.exec(stdout)?.[1] as string,
        token: file === undefined ? null : (await readFile(file, "utf8")).trim(),
        saysNone: stdout.includes("Token      none"),
      };
    }),
  );
  return { instances, [Symbol.asyncDispose]: async () => void (await end()) };
}

describe("instances that start at the same time on an empty database", () => {
  test("all serve, migrate once, and create one shared local token", async () => {
    await using database = await createPostgres();
    await using folder = await temporaryFolder();
    const dataDirs = Array.from({ length: count }, (_, index) => join(folder.path, `${index}`));
    await using started = await startAtOnce(database.url, dataDirs);
    const { instances } = started;
    const [token, ...others] = instances.flatMap((one) => one.token ?? []);
    expect(others).toEqual([]);
    expect(instances.filter(({ saysNone }) => saysNone).length).toBe(count - 1);
    const files = await Promise.all(
      dataDirs.map((dir) => readFile(join(dir, "local.token"), "utf8").catch(() => null)),
    );
    expect(files.filter((file) => file !== null)).toEqual([`${token}\n`]);

    await using outsider = await connectTo(database.url);
    const migrations = await readdir("prisma/postgres/migrations", { withFileTypes: true });
    expect(await outsider.select('SELECT migration_name FROM "_prisma_migrations"')).toHaveLength(
      migrations.filter((entry) => entry.isDirectory()).length,
    );
    for (const [index, { url }] of instances.entries()) {
      const server = { url, token: token as string };
      expect((await set(server, { key: "of all", value: index })).revision).toBe(`${index + 1}`);
    }
  });

  test("all name the same valid token with one data directory", async () => {
    await using database = await createPostgres();
    await using folder = await temporaryFolder();
    const dataDirs = Array.from({ length: count }, () => folder.path);
    await using started = await startAtOnce(database.url, dataDirs);
    const { instances } = started;
    expect(new Set(instances.map(({ token }) => token)).size).toBe(1);
    expect(await readdir(folder.path)).toEqual(["local.token"]);
    for (const { url, token } of instances) {
      await set({ url, token: token as string }, { key: "of all", value: url });
    }
    const [first] = instances as unknown as [{ url: string; token: string }];
    expect(await wholeLog(first)).toHaveLength(count);
  });
});

test("baton token works on PostgreSQL; subscriptions of a revoked token end within 5 s on every instance", async () => {
  await using database = await createPostgres();
  await using instances = await serveInstances([database.url], [database.url]);
  const at = ["--database-url", database.url];
  const created = await run(["token", "create", ...at, "--user", "ann", "--agent", "parser"]);
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^baton_[\w-]{43}\n$/) });
  const token = created.stdout.trim();
  const asAnn = instances.all.map(({ url }) => ({ url, token }));
  const subscriptions = asAnn.map((server) =>
    subscribe(server, "subscription { entryChanged(snapshot: true) { kind } }"),
  );
  for (const events of subscriptions) expect(await events.next()).toEqual({ kind: "CAUGHT_UP" });
  for (const server of asAnn) {
    expect((await query(server, "{ viewer { user agent } }")).viewer).toEqual({
      user: "ann",
      agent: "parser",
    });
  }

  // The variable names the database in the same way as the flag.
  const list = await run(["token", "list", "--user", "ann"], { DATABASE_URL: database.url });
  expect(list.stdout).not.toContain(token);
  const [, id] = /^(tok_\w+) +ann +parser .* valid$/m.exec(list.stdout) ?? [];
  expect(await run(["token", "revoke", id as string, ...at])).toMatchObject({ code: 0 });
  const begin = performance.now();
  for (const events of subscriptions) await expect(events.rest()).rejects.toThrow(/revoked/);
  expect(performance.now() - begin).toBeLessThan(5_000);
  for (const { url } of asAnn) {
    expect((await request(url, token, "{ viewer { user } }")).status).toBe(401);
  }
  const after = await run(["token", "list", ...at]);
  expect(after.stdout).toMatch(new RegExp(`^${id} .* revoked$`, "m"));
});
