import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { defaultConfig } from "../../src/config.ts";
import { errorCodes } from "../../src/errors.ts";
import { startServer } from "../../src/server.ts";

/** Where requests are sent. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

/** A server in this process that keeps what it logs as an error. */
export interface FuzzedServer extends Target, AsyncDisposable {
  /** What went wrong inside, with a stack. */
  readonly errors: readonly string[];
}

export async function startFuzzedServer(): Promise<FuzzedServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "baton-fuzz-"));
  const errors: string[] = [];
  const log = new Writable({
    write(line: Buffer, _encoding, done) {
      errors.push(String(line));
      done();
    },
  });
  const config = defaultConfig({
    port: 0,
    dataDir,
    sqliteSynchronous: "normal",
    maxAwaitSeconds: 1,
    maxSubscriptions: 1_000,
  });
  const server = await startServer(config, pino({ level: "error" }, log));
  return {
    url: server.url,
    token: server.localToken?.secret ?? "",
    errors,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What only someone who reads the source should know. */
const insides =
  /node_modules|\bat [\w.<>]+ \(|file:\/\/|sqlite|libsql|postgres|prisma|TypeError|RangeError|src\/\w+\//i;

/** What is wrong with an answer's text; null if nothing is. */
export function faultIn(text: string): string | null {
  if (text.includes('"INTERNAL"')) return `It is INTERNAL: ${text.slice(0, 500)}`;
  if (insides.test(text)) return `It shows the server's insides: ${text.slice(0, 500)}`;
  for (const [, code = ""] of text.matchAll(/"code":"([A-Z_]+)"/g)) {
    if (!(errorCodes as readonly string[]).includes(code)) return `It has the code ${code}.`;
  }
  return null;
}

/** Sends bytes on a connection of its own, and gives what comes back until it is closed or `isWhole`. */
export function exchange(
  { url }: Target,
  bytes: Buffer,
  isWhole: (received: string) => boolean,
): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket: Socket = connect(Number(port), hostname);
    let received = "";
    const end = () => {
      socket.destroy();
      resolve(received);
    };
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (isWhole(received)) end();
    });
    socket.on("error", end).on("close", end);
    // Half closed, the server knows that nothing follows: it answers, or closes too.
    socket.end(bytes);
  });
}
