import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createClient, LibsqlError } from "@libsql/client";
import type { Config } from "../src/config.ts";

/** A separate database of a test. It has no tables until a server opens it. */
export interface OwnDatabase extends AsyncDisposable {
  readonly url: string;
  /** The configuration with which a server uses this database. */
  readonly config: Partial<Config>;
  /** Runs a statement over a separate connection. */
  execute(sql: string): Promise<void>;
  /** Runs a query over a separate connection. */
  query<Row>(sql: string): Promise<Row[]>;
  /** Removes the database, even if it is in use. Can be called again. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long a statement waits for a lock of the database. */
const maxWaitMs = 5_000;

/**
 * Runs a statement again while the database is locked. SQLite's own wait would block the event loop, so that a server in
 * this process could not release its lock.
 */
async function whenUnlocked<Result>(run: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + maxWaitMs;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      const isLocked = error instanceof LibsqlError && error.code === "SQLITE_BUSY";
      if (!isLocked || performance.now() > until) throw error;
      await nextTurn();
    }
  }
}

export async function createSqlite(): Promise<OwnDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "baton-sqlite-"));
  const file = join(folder, "baton.db");
  const url = `file:${file}`;
  const run = (sql: string) =>
    whenUnlocked(async () => {
      // After a statement that found a lock, a connection does not commit the next one.
      const client = createClient({ url: pathToFileURL(file).href, timeout: 0 });
      try {
        return (await client.execute(sql)).rows;
      } finally {
        client.close();
      }
    });
  return {
    url,
    config: { databaseUrl: url },
    execute: async (sql) => void (await run(sql)),
    query: async <Row>(sql: string) => (await run(sql)).map((row) => ({ ...row })) as Row[],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
