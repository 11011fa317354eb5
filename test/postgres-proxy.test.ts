import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OwnDatabase } from "./own-database.ts";
import { PostgresProxy } from "./postgres-proxy.ts";
import { createPostgres } from "./postgres.ts";

// Other tests rely on the faults of this proxy, so these tests check that it causes them.

let database: OwnDatabase;
beforeAll(async () => {
  database = await createPostgres();
  await database.execute('CREATE TABLE "Fact" (n int)');
});
afterAll(() => database[Symbol.asyncDispose]());

async function connect(proxy: PostgresProxy, applicationName: string) {
  const client = new Client({ connectionString: proxy.url, application_name: applicationName });
  client.on("error", () => {});
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end().catch(() => {}) });
}

const broken = /terminated|ECONNRESET/;
const isCommitter = (applicationName: string) => applicationName === "baton committer";

test("refuses and cuts connections by name, and does not affect the others", async () => {
  await using proxy = await PostgresProxy.open(database.url);
  await using reader = await connect(proxy, "baton");
  await using committer = await connect(proxy, "baton committer");
  expect(proxy.applicationNames).toEqual(["baton", "baton committer"]);

  proxy.refuse(isCommitter);
  expect(proxy.cut(isCommitter)).toBe(1);
  await expect(committer.query("SELECT 1")).rejects.toThrow(broken);
  await expect(connect(proxy, "baton committer")).rejects.toThrow(broken);
  expect((await reader.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(proxy.applicationNames).toEqual(["baton"]);

  proxy.admit();
  await using again = await connect(proxy, "baton committer");
  expect((await again.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("holds data back, and later forwards it", async () => {
  await using proxy = await PostgresProxy.open(database.url);
  await using frozen = await connect(proxy, "baton committer");
  await using other = await connect(proxy, "baton");
  const count = async () => (await other.query('SELECT count(*)::int AS n FROM "Fact"')).rows[0].n;

  proxy.freeze(isCommitter);
  let answered = false;
  const insert = () =>
    frozen.query('INSERT INTO "Fact" VALUES (1)').then(() => void (answered = true));
  const inserted = insert();
  expect(await count()).toBe(0);
  proxy.thaw();
  await inserted;
  expect(await count()).toBe(1);

  proxy.freezeAnswers(isCommitter);
  answered = false;
  const again = insert();
  await expect.poll(count).toBe(2);
  expect(answered).toBe(false);
  proxy.thaw();
  await again;
});
