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

const sets = (open, inFlight) => async (server, seconds) => {
  const writer = await open(server, inFlight);
  const put = (place, turn) => writer.put(place, `key-${place}-${turn % 256}`);
  const { count } = await drive(inFlight, seconds, put);
  writer.close();
  return count;
};

const calls = (inFlight, query, variablesOf) => async (server, seconds) => {
  const callers = await Promise.all(
    Array.from({ length: inFlight }, () => openGraphqlHttp(server)),
  );
  const call = (place, turn) => callers[place].run(query, variablesOf(turn));
  const { count } = await drive(inFlight, seconds, call);
  for (const caller of callers) caller.close();
  return count;
};

const batch = Array.from({ length: 1_000 }, (_, at) => ({ key: `key-${at}`, value }));
const catchUpChanges = 20_000;

/**
 * What a server can be profiled under. Each runs for so many seconds and returns how many operations it did.
 * @type {Record<string, (server: object, seconds: number) => Promise<number>>}
 */
export const loads = {
  "sets-http": sets(openBatonHttp, 64),
  "sets-websocket": sets(openBatonWebSocket, 64),
  "one-set": sets(openBatonHttp, 1),
  "set-to-seen": async (server, seconds) => {
    const writer = await openBatonWebSocket(server, 1);
    const { seenMs } = await handOver(writer, { warmUpSeconds: 0, seconds });
    writer.close();
    return seenMs.length;
  },
  reads: async (server, seconds) => {
    await fill(server, 1_000);
    return calls(32, readEntry, (turn) => ({ key: `key-${turn % 1_000}` }))(server, seconds);
  },
  "set-entries": calls(1, setEntries, (turn) => ({
    namespace: `batch-${turn % 10}`,
    entries: batch,
  })),
  "fan-out": async (server, seconds) => {
    const subscribers = 1_000;
    const messages = new MessageCount();
    const { close } = await openSubscribers(server, subscribers, entryChanged, messages.came);
    const writer = await openBatonWebSocket(server, 1);
    const { count } = await drive(1, seconds, async () => {
      const all = messages.after(subscribers);
      await writer.put(0, "key");
      await all;
    });
    writer.close();
    close();
    return count * subscribers;
  },
  "catch-up": async (server, seconds) => {
    await fill(server, catchUpChanges, ["caught-up"]);
    const query = entryChanged.replace(
      "entryChanged",
      `entryChanged(after: "0", namespace: "caught-up")`,
    );
    const { count } = await drive(1, seconds, async () => {
      const messages = new MessageCount();
      const all = messages.after(catchUpChanges);
      const { close } = await openSubscribers(server, 1, query, messages.came);
      await all;
      close();
    });
    return count * catchUpChanges;
  },
};
