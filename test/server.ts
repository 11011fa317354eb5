import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import pino from "pino";
import type { LocalToken } from "../src/auth/local-token.ts";
import { createToken, type TokenGrant } from "../src/auth/token.ts";
import { databaseFile, defaultConfig, type Config } from "../src/config.ts";
import type { Database } from "../src/database/database.ts";
import { openSqlite } from "../src/database/sqlite/sqlite.ts";
import { startServer } from "../src/server.ts";
import { Committer } from "../src/store/committer.ts";

/** A real server in this process, on a database file of its own and a port that the system chose. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** May read and write everything of user `local`. */
  readonly token: string;
  readonly dataDir: string;
  /** Makes another token, as `baton token create` does: beside the server. */
  createToken(grant?: Partial<TokenGrant>): Promise<{ tokenId: string; secret: string }>;
  revokeToken(tokenId: string): Promise<void>;
  /** Works on the same database with a committer of its own, as another process would. */
  besideServer(work: (database: Database, submit: Submit) => Promise<void>): Promise<void>;
  /** Takes the entries' table away under the running server. */
  breakDatabase(): Promise<void>;
  /** Stops it and starts it again on the same data; the port may be another. */
  restart(config?: Partial<Config>): Promise<void>;
  close(): Promise<void>;
}

/** Sets a key of user `local`; the value is JSON text. */
type Submit = (entry: { readonly key: string; readonly value: string }) => Promise<unknown>;

const silent = pino({ level: "silent" });

export async function startTestServer(config: Partial<Config> = {}): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "baton-test-"));
  const full = (more: Partial<Config> = {}) =>
    defaultConfig({ port: 0, dataDir, ...config, ...more });
  let server = await startServer(full(), silent);

  // Like the command line, through a connection of its own.
  const withDatabase = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    const database = await openSqlite({ file: databaseFile(full()), synchronous: "full" });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };

  const close = async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return {
    get url() {
      return server.url;
    },
    token: (server.localToken as LocalToken).secret,
    dataDir,
    async createToken(grant = {}) {
      const { token, secret } = createToken(
        {
          userId: "local",
          agent: null,
          scopes: ["read", "write"],
          namespacePatterns: ["*"],
          expiresAt: null,
          ...grant,
        },
        new Date(),
      );
      await withDatabase((database) => database.tokens.insert(token));
      return { tokenId: token.tokenId, secret };
    },
    async revokeToken(tokenId) {
      await withDatabase((database) => database.tokens.revoke(tokenId, new Date()));
    },
    besideServer: (work) =>
      withDatabase(async (database) => {
        const committer = new Committer({ database, limits: full(), onCommit: () => {} });
        await work(database, ({ key, value }) =>
          committer.submit({
            kind: "set",
            userId: "local",
            agent: null,
            mayRead: true,
            namespace: "default",
            items: [{ argument: "input", key, value, metadata: null, ifRevision: null }],
          }),
        );
        await committer.close();
      }),
    async breakDatabase() {
      const client = createClient({ url: pathToFileURL(databaseFile(full())).href });
      await client.execute('ALTER TABLE "Entry" RENAME TO "Gone"');
      client.close();
    },
    async restart(more = {}) {
      await server.close();
      server = await startServer(full(more), silent);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
