import pino from "pino";
import { createToken, type TokenInput } from "../src/auth/token.ts";
import { grantsOf, type Scope } from "../src/store/model/grant.ts";
import { defaultConfig, type Config } from "../src/config.ts";
import type { Database } from "../src/store/contract.ts";
import { openDatabase } from "../src/database/open-database.ts";
import { Committer } from "../src/store/commit/committer.ts";
import { setCommand } from "./commands.ts";
import type { OwnDatabase } from "./own-database.ts";

/** The permissions of a test's token: grants, or scopes and namespaces separately. */
export interface TokenGrant extends TokenInput {
  readonly scopes: readonly Scope[];
  readonly namespacePatterns: readonly string[];
}

/** The operations of a test on the database of running servers. It opens the database separately. */
export interface BesideServers extends AsyncDisposable {
  withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /** Creates another token, like `baton token create`. Default: the permissions of the servers' own token. */
  createToken(grant?: Partial<TokenGrant>): Promise<{ tokenId: string; secret: string }>;
  revokeToken(tokenId: string): Promise<void>;
  /** Works on the database with a separate committer, like another process. */
  besideServer(work: (database: Database, submit: Submit) => Promise<void>): Promise<void>;
  /** Removes the table of entries. */
  breakDatabase(): Promise<void>;
}

/** Sets a key of user `local`; the value is JSON text. */
type Submit = (entry: { readonly key: string; readonly value: string }) => Promise<unknown>;

const silent = pino({ level: "silent" });

/** @param options the servers' options */
export function besideServers(own: OwnDatabase, options: Partial<Config>): BesideServers {
  const config = defaultConfig({ ...options, ...own.config });
  let opened: Promise<Database> | undefined;
  const withDatabase = async <T>(work: (database: Database) => Promise<T>): Promise<T> =>
    work(await (opened ??= openDatabase(config, silent)));
  return {
    withDatabase,
    async createToken({ scopes, namespacePatterns, ...grant } = {}) {
      const { token, secret } = createToken(
        {
          userId: "local",
          agent: null,
          grants: grantsOf(scopes ?? ["read", "write"], namespacePatterns ?? ["*"]),
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
        const committer = new Committer({ database, limits: config, onCommit: () => {} });
        await work(database, ({ key, value }) =>
          committer.submit(setCommand("local", { namespace: "default", key }, value)),
        );
        await committer.close();
      }),
    breakDatabase: () => own.execute('ALTER TABLE "Entry" RENAME TO "Gone"'),
    [Symbol.asyncDispose]: async () => (await opened)?.close(),
  };
}
