// g. Catch-up: a subscriber starts after revision 0 of a log of 100,000 changes, and receives all of them. Compared
// with the raw driver and JSON.stringify, which read the same rows of the same file in pages of 1,000.

import { join } from "node:path";
import { openEventStream } from "../load/event-stream.mjs";
import { fill } from "../load/fill.mjs";
import { MessageCount } from "../load/message-count.mjs";
import { openSubscribers } from "../load/subscribers.mjs";
import { cpuMs } from "../measure/process-costs.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { openRawStore } from "../servers/raw-store.mjs";

const query = `subscription { entryChanged(after: "0") { kind key revision entry { value } } }`;
const pageSize = 1_000;
const overWebSocket = "Baton, WebSocket";
const bySse = "Baton, server-sent events";
const raw = "raw driver and JSON.stringify";

const compared = (name) => ({
  what: `${name} ÷ raw driver`,
  of: [name, "perSecond"],
  to: [raw, "perSecond"],
  required: { atLeast: 0.5 },
});

await runBenchmark({
  id: "g",
  name: "g-catch-up",
  title: "Catch-up of 100,000 changes",
  measures: { perSecond: "changes/s", cpuUsEach: "CPU a change, µs" },
  checks: [compared(overWebSocket), compared(bySse)],
  async measure({ rounds, either, progress, own }) {
    const count = either(100_000, 10_000);
    const server = own(await startBaton());
    progress(`filling ${count} changes`);
    await fill(server, count);
    const store = openRawStore(join(server.dataDir, "baton.db"));
    own({ stop: async () => store.close() });
    const received = async (open) => {
      const messages = new MessageCount();
      const all = messages.after(count);
      const subscription = await open(messages.came);
      await all;
      subscription.close();
    };
    const fail = (error) => {
      throw error;
    };
    const targets = [
      {
        name: overWebSocket,
        pid: server.pid,
        run: () => received((came) => openSubscribers(server, 1, query, came)),
      },
      {
        name: bySse,
        pid: server.pid,
        run: () => received((came) => openEventStream(server, query, came, fail)),
      },
      {
        name: raw,
        pid: process.pid,
        async run() {
          let read = 0;
          for (const page of store.pagesOf(pageSize)) read += page.length;
          if (read !== count) throw new Error(`The log has ${read} changes, not ${count}.`);
        },
      },
    ];
    return interleave({
      rounds,
      targets,
      warmUp: ({ run }) => run(),
      measure: async ({ run, pid }) => {
        const before = await cpuMs([pid]);
        const begin = performance.now();
        await run();
        const seconds = (performance.now() - begin) / 1_000;
        const cpu = (await cpuMs([pid])) - before;
        return { perSecond: count / seconds, cpuUsEach: (cpu * 1_000) / count };
      },
      progress,
    });
  },
});
