import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./embedded-postgres.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** A PostgreSQL for this run, as a role that may create databases. */
    readonly postgresUrl: string;
  }
}

/** Starts the one PostgreSQL of a run, unless `BATON_TEST_POSTGRES_URL` names one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const given = process.env.BATON_TEST_POSTGRES_URL;
  if (given) return project.provide("postgresUrl", given);
  const postgres = await startPostgres({ postgresFlags, parentFolder: await quickestFolder() });
  project.provide("postgresUrl", postgres.url);
  return postgres.stop;
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
