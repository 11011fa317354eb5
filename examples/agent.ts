// Shared by every example: the store of one agent, and an exit code for shells.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BatonError,
  createDataStore,
  type ConnectionOptions,
  type DataStore,
} from "baton-store/client";

/**
 * Runs the work of one agent, and then ends the program: with 0, or with a line and 2 after an error that the person
 * can correct. Ctrl-C closes the store, which ends every wait.
 *
 * @param name the agent's name, recorded with its writes
 */
export async function agent(
  name: string,
  work: (store: DataStore) => Promise<void>,
): Promise<void> {
  try {
    const store = await connect(name);
    let isStopped = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        isStopped = true;
        store.close();
      });
    }
    await work(store).catch((error: unknown) => {
      if (!isStopped) throw error;
    });
    store.close();
  } catch (error) {
    console.error(error instanceof BatonError ? error.message : error);
    process.exitCode = 2;
  }
}

/** Connects to BATON_URL with BATON_TOKEN; without them, to a server started with `npm start` in the current folder. */
async function connect(name: string): Promise<DataStore> {
  const options: ConnectionOptions = {
    token: process.env.BATON_TOKEN || (await localToken()),
    agent: name,
    onRetry: ({ call, error }) => console.error(`${error.message} Trying ${call} again.`),
  };
  // A wrong address or token fails immediately, before the work begins. After that, calls are retried.
  await createDataStore({ ...options, retryForMs: 0 }).viewer();
  return createDataStore(options);
}

async function localToken(): Promise<string> {
  const file = join(process.env.BATON_DATA_DIR || "data", "local.token");
  return readFile(file, "utf8").catch(() => {
    const message = `No token: ${file} cannot be read. Start a server here with npm start, or set BATON_TOKEN.`;
    throw Object.assign(new Error(message), { stack: message });
  });
}
