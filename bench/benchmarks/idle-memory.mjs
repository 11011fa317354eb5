// i. Resident memory of an idle subscriber, with 10,000 of them on separate sockets. Each round restarts both servers.
// At the end, all of Baton's subscribers receive one change, which proves that they are alive.

import { GraphqlSocket } from "../load/graphql-socket.mjs";
import { MessageCount } from "../load/message-count.mjs";
import { entryChanged, setEntry } from "../load/operations.mjs";
import { openSubscribers } from "../load/subscribers.mjs";
import { value } from "../load/value.mjs";
import { residentKib } from "../measure/process-costs.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { startPeer } from "../servers/peer-program.mjs";

const settleMs = 4_000;
const baton = "Baton";
const bare = "bare graphql-ws";
const settle = () => new Promise((resolve) => setTimeout(resolve, settleMs));

async function measureOnce({ start, isBaton }, subscribers) {
  const server = await start();
  try {
    // Excludes the memory for the code that the first subscribers load and compile.
    (await openSubscribers(server, 100, entryChanged, () => {})).close();
    await settle();
    const before = await residentKib(server.pid);
    const messages = new MessageCount();
    const { close } = await openSubscribers(server, subscribers, entryChanged, messages.came);
    await settle();
    const after = await residentKib(server.pid);
    if (isBaton) {
      const all = messages.after(subscribers);
      const writer = await GraphqlSocket.open(`${server.url}/graphql`, server.token);
      await writer.run(setEntry, { key: "key", value });
      await all;
      writer.close();
    }
    close();
    return {
      kibEach: (after.now - before.now) / subscribers,
      beforeMib: before.now / 1_024,
      afterMib: after.now / 1_024,
    };
  } finally {
    await server.stop("SIGKILL");
  }
}

await runBenchmark({
  id: "i",
  name: "i-idle-memory",
  title: "Resident memory of an idle subscriber, with 10,000",
  measures: {
    kibEach: "a subscriber, KiB",
    beforeMib: "before, MiB",
    afterMib: "with all, MiB",
  },
  checks: [
    {
      what: "Baton ÷ bare graphql-ws",
      of: [baton, "kibEach"],
      to: [bare, "kibEach"],
      required: { atMost: 1.5 },
    },
  ],
  async measure({ rounds, either, progress }) {
    return interleave({
      rounds,
      targets: [
        { name: baton, start: startBaton, isBaton: true },
        { name: bare, start: () => startPeer("bare-graphql-ws-program.mjs") },
      ],
      measure: (target) => measureOnce(target, either(10_000, 1_000)),
      progress,
    });
  },
});
