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

/** A server in this process that keeps its logged errors. */
export interface FuzzedServer extends Target, AsyncDisposable {
  /** The internal errors, with their stacks. */
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

/** Text that reveals internal details. */
const insides =
  /node_modules|\bat [\w.<>]+ \(|file:\/\/|sqlite|libsql|postgres|prisma|TypeError|RangeError|src\/\w+\//i;

/** Returns the error in a response's text; null if it is correct. */
export function faultIn(text: string): string | null {
  if (text.includes('"INTERNAL"')) return `It is INTERNAL: ${text.slice(0, 500)}`;
  if (insides.test(text)) return `It reveals internal details: ${text.slice(0, 500)}`;
  for (const [, code = ""] of text.matchAll(/"code":"([A-Z_]+)"/g)) {
    if (!(errorCodes as readonly string[]).includes(code)) return `It has the code ${code}.`;
  }
  return null;
}

/** Sends bytes on a separate connection. Returns the response until it is closed or `isWhole`. */
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
    // A half-closed connection tells the server that nothing follows. It responds, or closes as well.
    socket.end(bytes);
  });
}
