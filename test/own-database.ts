import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import type { Config } from "../src/config.ts";

/** A database of a test's own: there is nothing in it, not even tables, until a server opens it. */
export interface OwnDatabase extends AsyncDisposable {
  readonly url: string;
  /** Chooses it, and what else a server needs to serve from it. */
  readonly config: Partial<Config>;
  /** Runs a statement beside whoever uses it. */
  execute(sql: string): Promise<void>;
  /** Runs a query beside whoever uses it. */
  query<Row>(sql: string): Promise<Row[]>;
  /** Removes it, whoever still uses it; may be called again. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createSqlite(): Promise<OwnDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "baton-sqlite-"));
  const file = join(folder, "baton.db");
  const url = `file:${file}`;
  const run = async (sql: string) => {
    const client = createClient({ url: pathToFileURL(file).href, timeout: 5_000 });
    const { rows } = await client.execute(sql);
    client.close();
    return rows;
  };
  return {
    url,
    config: { databaseUrl: url },
    execute: async (sql) => void (await run(sql)),
    query: async <Row>(sql: string) => (await run(sql)).map((row) => ({ ...row })) as Row[],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
