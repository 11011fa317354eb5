import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import { defaultConfig, type Config } from "../src/config.ts";
import { startServer } from "../src/server.ts";
import { besideServers, type BesideServers } from "./beside-servers.ts";
import { createSqlite, type OwnDatabase } from "./own-database.ts";

/** One server in this process, on a port that the system chose. */
export interface Instance extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** May read and write everything of user `local`. */
  readonly token: string;
  readonly dataDir: string;
  /** Stops it and starts it again on the same data; the port may be another. */
  restart(config?: Partial<Config>): Promise<void>;
  /** Stops it, and cuts what is left of its connections after `deadlineMs`; may be called again. */
  close(deadlineMs?: number): Promise<void>;
}

/** A server on a database of its own, which goes when the server is closed. */
export interface TestServer extends Instance, BesideServers {}

/** Servers that share a database of their own, which goes when they are closed. */
export interface Instances extends BesideServers {
  readonly servers: readonly Instance[];
  /** The token of each of them. */
  readonly token: string;
  close(deadlineMs?: number): Promise<void>;
}

/** Settings, or those of the server with this index. */
type InstanceConfig = Partial<Config> | ((index: number) => Partial<Config>);

export async function startTestServer(
  config: Partial<Config> = {},
  own?: OwnDatabase,
  logger?: Logger,
): Promise<TestServer> {
  const { servers, ...instances } = await startInstances(1, config, own, logger);
  const [server] = servers as readonly [Instance];
  return {
    ...instances,
    get url() {
      return server.url;
    },
    dataDir: server.dataDir,
    restart: server.restart,
  };
}

/**
 * @param config its `databaseUrl` may lead to the database by a detour
 * @param own a new SQLite when left out
 */
export async function startInstances(
  count: number,
  config: InstanceConfig = {},
  own?: OwnDatabase,
  logger: Logger = pino({ level: "silent" }),
): Promise<Instances> {
  const database = own ?? (await createSqlite());
  const configOf = (index: number): Partial<Config> => ({
    ...database.config,
    ...(typeof config === "function" ? config(index) : config),
  });
  const beside = besideServers(database, configOf(0));
  const servers: Instance[] = [];
  const close = async (deadlineMs?: number) => {
    await Promise.all(servers.map((server) => server.close(deadlineMs)));
    await beside[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
  try {
    const first = await startInstance(configOf(0), logger);
    servers.push(first);
    while (servers.length < count) {
      servers.push(await startInstance(configOf(servers.length), logger, first.token));
    }
    return {
      ...beside,
      servers,
      token: first.token,
      close,
      [Symbol.asyncDispose]: () => close(),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param shared the token of servers that were there before; the first one makes it */
async function startInstance(
  config: Partial<Config>,
  logger: Logger,
  shared?: string,
): Promise<Instance> {
  const dataDir = await mkdtemp(join(tmpdir(), "baton-test-"));
  const removeData = () => rm(dataDir, { recursive: true, force: true });
  const start = (more: Partial<Config> = {}) =>
    startServer(defaultConfig({ port: 0, dataDir, ...config, ...more }), logger);
  let server = await start().catch(async (error: unknown) => {
    await removeData();
    throw error;
  });
  let closed: Promise<void> | undefined;
  const close = (deadlineMs?: number) => (closed ??= server.close(deadlineMs).then(removeData));
  return {
    get url() {
      return server.url;
    },
    token: shared ?? server.localToken?.secret ?? "",
    dataDir,
    async restart(more) {
      await server.close();
      server = await start(more);
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
