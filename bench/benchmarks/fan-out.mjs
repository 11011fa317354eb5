// d. Fan-out of one change to 1,000 subscribers with the same selection, each on a separate socket.
// The next change is made when all have received the previous one. For Baton, the server's CPU time includes the set.

import { GraphqlSocket } from "../load/graphql-socket.mjs";
import { MessageCount } from "../load/message-count.mjs";
import { entryChanged, setEntry } from "../load/operations.mjs";
import { openSubscribers } from "../load/subscribers.mjs";
import { value } from "../load/value.mjs";
import { RawWebSocket } from "../load/web-socket.mjs";
import { cpuMs } from "../measure/process-costs.mjs";
import { median } from "../measure/quantile.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { startPeer } from "../servers/peer-program.mjs";

const subscribers = 1_000;
const settleMs = 1_000;
const baton = "Baton, setEntry to graphql-ws";
const rawFrames = "ws, raw frames";

/** A change, and the event that a subscriber receives for it. */
async function openBaton(server) {
  const messages = new MessageCount();
  let last;
  const { close } = await openSubscribers(server, subscribers, entryChanged, (message) => {
    last = message;
    messages.came();
  });
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const writer = await GraphqlSocket.open(`${server.url}/graphql`, server.token);
  const change = () => writer.run(setEntry, { key: "key", value });
  const received = () => last;
  return { change, messages, received, close: () => (writer.close(), close()) };
}

async function openRawFrames({ url }, message) {
  const messages = new MessageCount();
  const sockets = [];
  while (sockets.length < subscribers) {
    const socket = await RawWebSocket.open(`${url}/`);
    socket.onMessage = messages.came;
    sockets.push(socket);
  }
  const close = () => sockets.forEach((socket) => socket.close());
  return { change: async () => sockets[0].send(message), messages, close };
}

/** Makes changes one after the other. */
async function fanOut({ change, messages, pid }, seconds) {
  const laps = [];
  const before = await cpuMs([pid]);
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const begin = performance.now();
    const all = messages.after(subscribers);
    await change();
    laps.push((await all) - begin);
  }
  const deliveries = laps.length * subscribers;
  return {
    cpuUsEach: (((await cpuMs([pid])) - before) * 1_000) / deliveries,
    allMs: median(laps),
  };
}

await runBenchmark({
  id: "d",
  name: "d-fan-out",
  title: `Fan-out of one change to ${subscribers.toLocaleString("en-US")} subscribers`,
  measures: { cpuUsEach: "server CPU a delivery, µs", allMs: "until all have it, ms" },
  checks: [
    {
      what: "CPU a delivery: Baton ÷ raw frames",
      of: [baton, "cpuUsEach"],
      to: [rawFrames, "cpuUsEach"],
      required: { atMost: 1.3 },
    },
  ],
  async measure({ rounds, either, progress, own }) {
    const server = own(await startBaton());
    const peer = own(await startPeer("raw-frames-program.mjs"));
    progress(`subscribing · ${baton}`);
    const ofBaton = await openBaton(server);
    own({ stop: async () => ofBaton.close() });
    await fanOut({ ...ofBaton, pid: server.pid }, 0.1);
    const ofPeer = await openRawFrames(peer, ofBaton.received().toString());
    own({ stop: async () => ofPeer.close() });
    return interleave({
      rounds,
      targets: [
        { name: baton, pid: server.pid, ...ofBaton },
        { name: rawFrames, pid: peer.pid, ...ofPeer },
      ],
      warmUp: (target) => fanOut(target, either(6, 2)),
      measure: (target) => fanOut(target, either(5, 2)),
      progress,
    });
  },
});
