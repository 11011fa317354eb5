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
  /** A token with all permissions for the store of user `local`. */
  readonly token: string;
  readonly dataDir: string;
  /** Stops it and starts it again with the same data. The port can differ. */
  restart(config?: Partial<Config>): Promise<void>;
  /** Stops it, and closes the remaining connections after `deadlineMs`. Can be called again. */
  close(deadlineMs?: number): Promise<void>;
}

/** A server on a separate database, which is removed when the server is closed. */
export interface TestServer extends Instance, BesideServers {}

/** Servers that share a separate database, which is removed when they are closed. */
export interface Instances extends BesideServers {
  readonly servers: readonly Instance[];
  /** A token that all of them accept. */
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
 * @param config its `databaseUrl` can be that of a proxy
 * @param own default: a new SQLite database
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

/** @param shared the token of earlier servers; the first server creates it */
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
