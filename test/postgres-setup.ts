import { randomBytes } from "node:crypto";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./embedded-postgres.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** A PostgreSQL for this run, as a role that may create databases. */
    readonly postgresUrl: string;
    /** How the names of the databases begin that this run copies. */
    readonly templatePrefix: string;
  }
}

/** Starts the one PostgreSQL of a run, unless `BATON_TEST_POSTGRES_URL` names one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const templatePrefix = `baton_template_${randomBytes(4).toString("hex")}`;
  project.provide("templatePrefix", templatePrefix);
  const given = process.env.BATON_TEST_POSTGRES_URL;
  if (given) {
    project.provide("postgresUrl", given);
    return () => dropDatabases(given, templatePrefix);
  }
  const postgres = await startPostgres({ postgresFlags, parentFolder: await quickestFolder() });
  project.provide("postgresUrl", postgres.url);
  return postgres.stop;
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    'SELECT datname AS "name" FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await client.query(`DROP DATABASE ${name}`);
  await client.end();
}

const postgresFlags = [
  // The data need not survive a crash of the machine, so no write waits for its disk.
  "fsync=off",
  "full_page_writes=off",
  "synchronous_commit=on",
  // Dozens of servers run at the same time, each with a pool.
  "max_connections=300",
  "max_wal_size=128MB",
].flatMap((setting) => ["-c", setting]);

/** Returns the fastest folder. A new database has 300 files, which takes 20 ms in memory and 300 ms on a small machine's disk. */
async function quickestFolder(): Promise<string> {
  const memory = "/dev/shm";
  const wantedBytes = 2 * 1024 ** 3;
  const freeBytes = await statfs(memory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return freeBytes < wantedBytes ? tmpdir() : memory;
}
