import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";

/** A database of a test's own: there is nothing in it, not even tables, until a server opens it. */
export interface OwnDatabase extends AsyncDisposable {
  /** Chooses it, as `DATABASE_URL`. */
  readonly url: string;
  /** Runs a statement beside whoever uses it. */
  execute(sql: string): Promise<void>;
  /** Removes it, whoever still uses it; may be called again. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createSqlite(): Promise<OwnDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "baton-sqlite-"));
  const file = join(folder, "baton.db");
  return {
    url: `file:${file}`,
    async execute(sql) {
      const client = createClient({ url: pathToFileURL(file).href });
      await client.execute(sql);
      client.close();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
