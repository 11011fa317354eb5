import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

type BundleName = "js" | "css" | "jsonWorker" | "graphqlWorker" | "editorWorkerService";

/** GraphiQL, Monaco and its workers from the package `@graphql-yoga/render-graphiql`, in UTF-8. */
export type Bundle = Record<BundleName, Uint8Array>;

const readBundle = `
  const { parentPort, workerData } = require("node:worker_threads");
  const encoder = new TextEncoder();
  const parts = Object.entries(require(workerData)).map(([name, text]) => [name, encoder.encode(text)]);
  parentPort.postMessage(Object.fromEntries(parts), parts.map(([, bytes]) => bytes.buffer));
`;

/**
 * Reads the bundle in a separate thread. An import of the module, which contains 9 MB of string literals, would block
 * the event loop for 170 ms and keep its text in memory.
 */
export async function loadBundle(): Promise<Bundle> {
  const path = createRequire(import.meta.url).resolve("@graphql-yoga/render-graphiql/graphiql");
  const worker = new Worker(readBundle, { eval: true, workerData: path, execArgv: [] });
  const [bundle] = await once(worker, "message");
  return bundle;
}
