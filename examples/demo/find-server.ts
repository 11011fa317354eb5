// The server of the demo.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDataStore } from "baton-store/client";

export interface Server extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  /** Started for the demo: it is removed with its data. */
  readonly isTemporary: boolean;
}

/**
 * Finds the server that BATON_URL and BATON_TOKEN name, otherwise the server of `npm start` in this folder if it
 * responds. Otherwise it starts a server for the demo.
 */
export async function findServer(signal: AbortSignal): Promise<Server> {
  const { BATON_URL, BATON_TOKEN } = process.env;
  const url = BATON_URL || "http://127.0.0.1:4000";
  const file = join(process.env.BATON_DATA_DIR || "data", "local.token");
  const token = BATON_TOKEN || (await readFile(file, "utf8").catch(() => ""));
  const found: Server = { url, token, isTemporary: false, async [Symbol.asyncDispose]() {} };
  const isGiven = Boolean(BATON_URL || BATON_TOKEN);
  if (!isGiven && !token) return startServer(signal);
  try {
    await createDataStore({ url, token, retryForMs: 0 }).viewer({ signal });
    return found;
  } catch (error) {
    if (isGiven || signal.aborted) throw error;
    return startServer(signal);
  }
}

async function startServer(signal: AbortSignal): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "baton-demo-"));
  const baton = fileURLToPath(new URL("../../dist/cli/baton.js", import.meta.url));
  const options = ["--port", "0", "--data-dir", folder, "--log-level", "error"];
  const child = spawn(process.execPath, [baton, "serve", ...options], {
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await addressOf(child, signal);
    const token = await readFile(join(folder, "local.token"), "utf8");
    return { url, token, isTemporary: true, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The address that it prints when it serves. */
function addressOf(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    child.once("error", reject);
    child.once("exit", () => reject(new Error("The server of the demo did not start.")));
    createInterface(child.stdout as NonNullable<ChildProcess["stdout"]>).on("line", (said) => {
      const [, url] = /^ *API +(http\S+)\/graphql$/.exec(said) ?? [];
      if (url) resolve(url);
    });
  });
}

/** The environment without variables that select another database or address. */
function environment(): NodeJS.ProcessEnv {
  const isOption = (name: string) => /^(BATON_.*|DATABASE_URL|HOST|PORT)$/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOption(name)));
}
