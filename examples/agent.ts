// What every example begins with: a store as one agent reaches it, and an end that shells understand.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BatonError,
  createDataStore,
  type ConnectionOptions,
  type DataStore,
} from "baton-store/client";

/**
 * Runs the work of one agent, and ends the program with it: with 0, or with one line and 2 for what its person can put
 * right. Ctrl-C closes the store, which ends the work wherever it waits.
 *
 * @param name the agent's, recorded on all that it writes
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
  // A wrong address or token shows now and at once, not in the middle of the work; from then on there is patience.
  await createDataStore({ ...options, retryForMs: 0 }).viewer();
  return createDataStore(options);
}

async function localToken(): Promise<string> {
  const file = join(process.env.BATON_DATA_DIR || "data", "local.token");
  return readFile(file, "utf8").catch(() => {
    const message = `No token: ${file} can't be read. Start a server here with npm start, or set BATON_TOKEN.`;
    throw Object.assign(new Error(message), { stack: message });
  });
}
