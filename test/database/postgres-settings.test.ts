import pg from "pg";
import pino from "pino";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openPostgres } from "../../src/database/postgres/postgres.ts";
import { query, subscribe } from "../client.ts";
import { startPostgres } from "../embedded-postgres.mjs";
import { increment, mutate, set } from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startInstances } from "../server.ts";

// PostgreSQL with unusual settings: a session starts with the settings of its database.

let database: OwnDatabase;
let server: pg.Client;
let name: string;
beforeAll(async () => {
  database = await createPostgres();
  name = new URL(database.url).pathname.slice(1);
  server = new pg.Client({ connectionString: inject("postgresUrl") });
  await server.connect();
});
afterAll(async () => {
  await server.end();
  await database[Symbol.asyncDispose]();
});

/** Resets the settings of the database, and applies these. */
async function configure(settings: readonly string[], ofDatabase = name): Promise<void> {
  await server.query(`ALTER DATABASE ${ofDatabase} RESET ALL`);
  for (const setting of settings) await server.query(`ALTER DATABASE ${ofDatabase} SET ${setting}`);
}

const hostile = [
  "DateStyle = 'German'",
  "DateStyle = 'SQL, DMY'",
  "DateStyle = 'Postgres, DMY'",
  "TimeZone = 'Asia/Kathmandu'",
  "IntervalStyle = 'iso_8601'",
  "standard_conforming_strings = off",
  "bytea_output = 'escape'",
  "extra_float_digits = -15",
  "array_nulls = off",
  "gin_fuzzy_search_limit = 1",
  "client_encoding = 'LATIN1'",
  "default_transaction_isolation = 'serializable'",
  "default_transaction_isolation = 'repeatable read'",
  "default_transaction_read_only = on",
  "default_transaction_deferrable = on",
  "statement_timeout = '3s'",
  "lock_timeout = '1ms'",
  "idle_in_transaction_session_timeout = '1ms'",
  // Long enough to connect and to change it.
  "idle_session_timeout = '3s'",
  "transaction_timeout = '3s'",
  "search_path = public, pg_catalog",
] as const;

/** One setting of each name: the last one above. */
const hostileTogether = [
  ...new Map(hostile.map((setting) => [setting.split(" ")[0], setting])).values(),
];

test.each(hostile)("a database with %s is written and read like any other", async (setting) => {
  await configure([setting]);
  await using instances = await startInstances(1, {}, borrowed());
  const [one] = instances.servers as [(typeof instances.servers)[number]];
  const token = await instances.createToken();
  const asked = { url: one.url, token: token.secret };
  const namespace = setting;
  const value = { text: "Zürich \\ ' \u{1f600}", list: [null, "NULL", 1.5] };
  const { entry } = await set(asked, { namespace, key: "a", value, ttlSeconds: 600 });
  expect(Math.abs(Date.parse(entry.createdAt) - Date.now())).toBeLessThan(60_000);
  expect(Date.parse(entry.expiresAt) - Date.parse(entry.createdAt)).toBe(600_000);
  await set(asked, { namespace, key: "b", value: "Zürich" });
  await increment(asked, { namespace, key: "n", by: 2 });
  const taken = await mutate(asked, "claimEntry", "entry { key } claim { token expiresAt }", {
    namespace,
    keyPrefix: "a",
    leaseSeconds: 60,
  });
  expect(Date.parse(taken.claim.expiresAt)).toBeGreaterThan(Date.now());
  const read = await query(
    asked,
    `query ($namespace: String!) {
      entry(namespace: $namespace, key: "a") { value expiresAt createdAt }
      entries(namespace: $namespace) { nodes { key } }
      searchEntries(text: "Zürich", namespacePrefix: $namespace) { nodes { entry { key } } }
    }`,
    { namespace },
  );
  expect(read.entry).toEqual({
    value,
    expiresAt: entry.expiresAt,
    createdAt: entry.createdAt,
  });
  expect(read.entries.nodes.map(({ key }: { key: string }) => key)).toEqual(["a", "b", "n"]);
  expect(read.searchEntries.nodes).toHaveLength(2);
});

test("two instances on a database with all of these settings lose nothing and refuse nothing", async () => {
  await configure(hostileTogether);
  await using instances = await startInstances(2, {}, borrowed());
  const [one, other] = (await Promise.all(
    instances.servers.map(async ({ url }) => ({
      url,
      token: (await instances.createToken()).secret,
    })),
  )) as [Server, Server];
  await using events = subscribe(
    other,
    'subscription { entryChanged(namespace: "shared", snapshot: true) { kind } }',
  );
  expect(await events.next()).toEqual({ kind: "CAUGHT_UP" });
  await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      increment(index % 2 === 0 ? one : other, { namespace: "shared", key: "n" }),
    ),
  );
  const read = 'query { entry(namespace: "shared", key: "n") { value } }';
  expect((await query(one, read)).entry.value).toBe(200);
  expect((await query(other, read)).entry.value).toBe(200);
  expect(await events.next()).toEqual({ kind: "SET" });
});

test("an empty database with all of these settings is migrated, and the next start recognizes it", async () => {
  await using own = await createPostgres();
  await configure(hostileTogether, new URL(own.url).pathname.slice(1));
  for (let start = 1; start <= 2; start += 1) {
    const { database: opened, log } = await open(own.url);
    await opened.ping();
    await opened.close();
    expect(log).toEqual([]);
  }
});

test("behind a transaction pooler, the settings that differ are reported in one line", async () => {
  await configure(["DateStyle = 'German'", "statement_timeout = '7s'"]);
  const { database: opened, log } = await open(`${database.url}?pgbouncer=true`);
  await opened.close();
  expect(log).toHaveLength(1);
  expect(log[0]).toContain(
    "Set them for its role with ALTER ROLE … SET: statement_timeout = '30s' (is '7s')",
  );
  expect(log[0]).not.toContain("DateStyle"); // the pooler keeps it
});

test("behind a transaction pooler, a role with read-only transactions is refused", async () => {
  await configure(["default_transaction_read_only = on"]);
  await expect(open(`${database.url}?pgbouncer=true`)).rejects.toThrow(
    /ALTER ROLE … SET default_transaction_read_only = off/,
  );
});

test("a standby is refused", async () => {
  const postgres = await startPostgres({ postgresFlags: ["-c", "fsync=off"] });
  try {
    await (await open(postgres.url)).database.close();
    await postgres.halt("SIGINT");
    await postgres.start(true);
    await expect(open(postgres.url)).rejects.toThrow(/read-only, like a standby/);
  } finally {
    await postgres.stop();
  }
});

interface Server {
  readonly url: string;
  readonly token: string;
}

/** The database of this file. It stays when a server closes. */
function borrowed(): OwnDatabase {
  return { ...database, [Symbol.asyncDispose]: async () => {} };
}

/** Opens a database like a server, and returns it with its log lines. */
async function open(url: string) {
  const log: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => void log.push(line) });
  return { database: await openPostgres({ url, connections: 3 }, logger), log };
}
