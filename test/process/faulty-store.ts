import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { serveProcess, temporaryFolder } from "./baton-process.ts";
import { connectTo, ownPostgres, terminate, type OwnPostgres } from "./own-postgres.ts";

type Server = Awaited<ReturnType<typeof serveProcess>>;

/** Servers on one store. Each can be killed, and starts again at its address. */
export interface FaultyStore extends AsyncDisposable {
  /** The servers. Their addresses and their token stay the same after any fault. */
  readonly servers: readonly { readonly url: string; readonly token: string }[];
  anyServer(): { readonly url: string; readonly token: string };
  /** Kills one server with -9 and starts it again. */
  kill(): Promise<void>;
  /** Stops the process of one server for this time. */
  freeze(ms: number): Promise<void>;
  /** Ends every connection of the servers to PostgreSQL. */
  disconnect(): Promise<void>;
  /** Kills PostgreSQL with -9 and starts it again. */
  crashPostgres(): Promise<void>;
}

type Fault = readonly [name: string, strike: (store: FaultyStore) => Promise<void>];

const killed: Fault = ["kill -9 of a server", (store) => store.kill()];
const frozen: Fault = ["server stopped for 300 ms", (store) => store.freeze(300)];
const disconnected: Fault = ["PostgreSQL's connections ended", (store) => store.disconnect()];
const crashed: Fault = ["kill -9 of PostgreSQL", (store) => store.crashPostgres()];

/** The faults that are injected into a store, in turn. */
export function faults(database: "sqlite" | "postgres"): readonly Fault[] {
  return database === "sqlite"
    ? [killed, frozen]
    : [killed, disconnected, frozen, killed, disconnected, crashed];
}

/** One server on SQLite, or two on one PostgreSQL. */
export async function startStore(database: "sqlite" | "postgres"): Promise<FaultyStore> {
  const folder = await temporaryFolder();
  const postgres: OwnPostgres | null = database === "postgres" ? await ownPostgres() : null;
  const own = await postgres?.createDatabase();
  const args = own ? ["--database-url", own.url] : [];
  const ports = await freePorts(database === "sqlite" ? 1 : 2);
  const servers: Server[] = [];
  for (const port of ports) servers.push(await start(port));
  let next = 0;
  const choose = () => next++ % servers.length;

  /** Starts a server, and tries again if its database is unavailable. */
  async function start(port: number): Promise<Server> {
    for (;;) {
      try {
        return await serveProcess(folder.path, ["--port", String(port), ...args]);
      } catch (error) {
        if (!/It ended/.test(String(error))) throw error;
      }
    }
  }

  return {
    servers: servers.map(({ url, token }) => ({ url, token })),
    anyServer: () => servers[choose()] as Server,
    async kill() {
      const index = choose();
      await servers[index]?.kill("SIGKILL");
      servers[index] = await start(ports[index] as number);
    },
    async freeze(ms) {
      const { child } = servers[choose()] as Server;
      child.kill("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, ms));
      child.kill("SIGCONT");
    },
    async disconnect() {
      await using outsider = await connectTo(own?.url ?? "");
      await terminate(outsider, "baton%");
    },
    async crashPostgres() {
      await postgres?.halt("SIGKILL");
      await postgres?.start();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.kill("SIGKILL")));
      await postgres?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Free ports, so that a server can start again at the same port. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(listeners.map((listener) => once(listener, "listening")));
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => once(listener.close(), "close")));
  return ports;
}
