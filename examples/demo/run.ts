// Shows the handoff and the fan-out: npm run demo
//
// `npm run demo -- --board` also opens the board. A server that the demo starts then runs until you stop it.
//
// It uses the server that BATON_URL and BATON_TOKEN name, or that of `npm start` in this folder, or starts one. It
// removes its data, regardless of how it ends.
import { randomBytes } from "node:crypto";
import { BatonError, createDataStore, type DataStore } from "baton-store/client";
import { boardLink, openInBrowser, shownLink } from "./board-link.ts";
import { Cast } from "./cast.ts";
import { playFanOut } from "./fan-out-scene.ts";
import { findServer } from "./find-server.ts";
import { playHandoff } from "./handoff-scene.ts";
import { elapsedMs, endBar, line, title } from "./screen.ts";

const withBoard = process.argv.includes("--board");
const stopped = new Error("Stopped.");
const stop = new AbortController();
// Every signal: npm forwards signals that the terminal has already sent.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => stop.abort(stopped));
}

try {
  await main(stop.signal);
} catch (error) {
  endBar();
  const isPlain = error instanceof BatonError || error === stopped;
  console.error(isPlain ? (error as Error).message : error);
  process.exitCode = error === stopped ? 130 : 2;
}

async function main(signal: AbortSignal): Promise<void> {
  const server = await findServer(signal);
  const cast = new Cast();
  const { url, token } = server;
  const store = createDataStore({ url, token, agent: "demo" });
  const prefix = `demo:${randomBytes(4).toString("hex")}:`;
  try {
    Object.assign(process.env, { BATON_URL: url, BATON_TOKEN: token }); // For the agents.
    line(
      `Baton at ${url}${server.isTemporary ? ", started for this demo" : ""}, namespaces ${prefix}…`,
    );
    line(`The board: ${shownLink(url, token, prefix)}`);
    if (withBoard) openInBrowser(boardLink(url, token, prefix));
    await Promise.race([play(store, cast, prefix), cast.failed, aborted(signal)]);
    if (!server.isTemporary || withBoard) {
      line(`  Look at it on the board: ${shownLink(url, token, prefix)}`);
    }
    if (server.isTemporary && withBoard) {
      line("  Its server runs until you press Ctrl+C.");
      await aborted(signal);
    }
  } finally {
    await cast.end();
    store.close();
    if (!server.isTemporary) await clear(url, token, prefix);
    await server[Symbol.asyncDispose]();
  }
}

async function play(store: DataStore, cast: Cast, prefix: string): Promise<void> {
  const { headRevision: before } = await store.viewer();
  const proofs = [
    await playHandoff(store, cast, `${prefix}handoff`),
    await playFanOut(store, cast, `${prefix}fan-out`),
  ];
  const { headRevision } = await store.viewer();
  title("Results");
  for (const prove of proofs) prove();
  const seconds = (elapsedMs() / 1_000).toFixed(1);
  line(`  The log grew by ${BigInt(headRevision) - BigInt(before)} changes in ${seconds} s.`);
}

/** Removes the demo's data through another store, because the demo's is closed. It does not wait long for a server. */
async function clear(url: string, token: string, prefix: string): Promise<void> {
  await using store = createDataStore({ url, token, agent: "demo", retryForMs: 3_000 });
  // Again, in case the last write of a killed agent arrived only now.
  while ((await store.clear(prefix)) > 0);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(stopped);
    signal.addEventListener("abort", () => reject(stopped), { once: true });
  });
}
