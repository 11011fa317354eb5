import { openSubscribers } from "../load/subscribers.mjs";
import { drive } from "../load/drive.mjs";
import { fill } from "../load/fill.mjs";
import { openGraphqlHttp } from "../load/graphql-http.mjs";
import { MessageCount } from "../load/message-count.mjs";
import { entryChanged, readEntry, setEntries } from "../load/operations.mjs";
import { value } from "../load/value.mjs";
import { handOver } from "../measure/handoff.mjs";
import { openBatonHttp } from "../writers/baton-http.mjs";
import { openBatonWebSocket } from "../writers/baton-web-socket.mjs";

const sets = (open, inFlight) => async (server) => {
  const { put, close } = await open(server, inFlight);
  const set = (place, turn) => put(place, `key-${place}-${turn % 256}`);
  return { run: (seconds) => countOf(inFlight, seconds, set), close };
};

const calls = (inFlight, query, variablesOf) => async (server) => {
  await fill(server, 1_000);
  const callers = await Promise.all(
    Array.from({ length: inFlight }, () => openGraphqlHttp(server)),
  );
  const call = (place, turn) => callers[place].run(query, variablesOf(turn));
  return {
    run: (seconds) => countOf(inFlight, seconds, call),
    close: () => callers.forEach((caller) => caller.close()),
  };
};

async function countOf(inFlight, seconds, operation) {
  return (await drive(inFlight, seconds, operation)).count;
}

const batch = Array.from({ length: 1_000 }, (_, at) => ({ key: `key-${at}`, value }));

async function setToSeen(server) {
  const writer = await openBatonWebSocket(server, 1);
  const run = async (seconds) =>
    (await handOver(writer, { warmUpSeconds: 0, seconds })).seenMs.length;
  return { run, close: writer.close };
}

async function fanOut(server) {
  const subscribers = 1_000;
  const messages = new MessageCount();
  const { close } = await openSubscribers(server, subscribers, entryChanged, messages.came);
  const writer = await openBatonWebSocket(server, 1);
  const change = async () => {
    const all = messages.after(subscribers);
    await writer.put(0, "key");
    await all;
  };
  return {
    run: async (seconds) => (await countOf(1, seconds, change)) * subscribers,
    close: () => (writer.close(), close()),
  };
}

async function catchUp(server) {
  const changes = 20_000;
  await fill(server, changes, ["caught-up"]);
  const query = entryChanged.replace(
    "entryChanged",
    `entryChanged(after: "0", namespace: "caught-up")`,
  );
  const receive = async () => {
    const messages = new MessageCount();
    const all = messages.after(changes);
    const { close } = await openSubscribers(server, 1, query, messages.came);
    await all;
    close();
  };
  return {
    run: async (seconds) => (await countOf(1, seconds, receive)) * changes,
    close: () => {},
  };
}

/**
 * The loads for a profile. Each prepares its data. `run` then works for the given number of seconds and returns the
 * number of operations.
 *
 * @type {Record<string, (server: object) => Promise<{ run(seconds: number): Promise<number>, close(): void }>>}
 */
export const loads = {
  "sets-http": sets(openBatonHttp, 64),
  "sets-websocket": sets(openBatonWebSocket, 64),
  "one-set": sets(openBatonHttp, 1),
  "set-to-seen": setToSeen,
  reads: calls(32, readEntry, (turn) => ({ key: `key-${turn % 1_000}` })),
  "set-entries": calls(1, setEntries, (turn) => ({
    namespace: `batch-${turn % 10}`,
    entries: batch,
  })),
  "fan-out": fanOut,
  "catch-up": catchUp,
};
