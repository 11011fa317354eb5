// j. A subscriber stops reading while 200 MB are published to it and to 10 other subscribers. Each round publishes the
// same data twice: without and with the stalled subscriber.

import { GraphqlSocket } from "../load/graphql-socket.mjs";
import { MessageCount } from "../load/message-count.mjs";
import { setEntry } from "../load/operations.mjs";
import { openSubscribers } from "../load/subscribers.mjs";
import { residentKib } from "../measure/process-costs.mjs";
import { quantile } from "../measure/quantile.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";

const valueBytes = 100 * 1_024;
const value = "x".repeat(valueBytes - 2);
const readers = 10;
const sampleEvery = 20;
const settleMs = 500;
const query = `subscription { entryChanged { key revision entry { value } } }`;
const without = "10 subscribers that read";
const withStalled = "and one that has stopped";

/** Publishes one change after another, each when all readers have received the previous one. */
async function publish(server, changes) {
  const messages = new MessageCount();
  const { close } = await openSubscribers(server, readers, query, messages.came);
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const writer = await GraphqlSocket.open(`${server.url}/graphql`, server.token);
  const before = await residentKib(server.pid);
  let highest = before.now;
  const laps = [];
  for (let turn = 0; turn < changes; turn += 1) {
    const begin = performance.now();
    const all = messages.after(readers);
    await writer.run(setEntry, { key: `key-${turn % 100}`, value });
    laps.push((await all) - begin);
    if (turn % sampleEvery === 0) {
      highest = Math.max(highest, (await residentKib(server.pid)).now);
    }
  }
  writer.close();
  close();
  return {
    growthMib: (highest - before.now) / 1_024,
    p50Ms: quantile(laps, 0.5),
    p99Ms: quantile(laps, 0.99),
  };
}

async function publishWithStalled(server, changes) {
  const stalled = await openSubscribers(server, 1, query, () => {});
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  stalled.sockets[0].pause();
  try {
    return await publish(server, changes);
  } finally {
    stalled.close();
  }
}

await runBenchmark({
  id: "j",
  name: "j-stalled-subscriber",
  title: "A subscriber that stops reading while 200 MB are published",
  measures: {
    growthMib: "resident memory grew by, MiB",
    p50Ms: "others have it p50, ms",
    p99Ms: "others have it p99, ms",
  },
  checks: [
    {
      what: "growth of resident memory",
      of: [withStalled, "growthMib"],
      required: { atMost: 32, unit: "MiB" },
    },
    {
      what: "the others' p99: with ÷ without",
      of: [withStalled, "p99Ms"],
      to: [without, "p99Ms"],
      required: { atMost: 1.2 },
    },
  ],
  async measure({ rounds, either, progress, own }) {
    const server = own(await startBaton());
    const changes = Math.ceil(either(200_000_000, 20_000_000) / valueBytes);
    return interleave({
      rounds,
      targets: [
        { name: without, run: publish },
        { name: withStalled, run: publishWithStalled },
      ],
      // A heap that has had this load before does not grow because of it.
      warmUp: ({ run }) => run(server, changes / 2),
      measure: ({ run }) => run(server, changes),
      progress,
    });
  },
});
