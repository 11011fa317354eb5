// k. The longest delay of /health/live while the server processes something large. A separate process requests it
// continuously, a millisecond after each response. "Nothing" is the delay that the machine itself causes.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openEventStream } from "../load/event-stream.mjs";
import { fill } from "../load/fill.mjs";
import { openGraphqlHttp } from "../load/graphql-http.mjs";
import { HttpConnection } from "../load/http-connection.mjs";
import { bodyOf, headersOf, setEntries } from "../load/operations.mjs";
import { startProbe } from "../load/probe.mjs";
import { MessageCount } from "../load/message-count.mjs";
import { openSubscribers } from "../load/subscribers.mjs";
import { interleave } from "../measure/rounds.mjs";
import { untilIdle } from "../measure/until-idle.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { runBaton } from "../servers/run-baton.mjs";

const tenKib = "x".repeat(10 * 1_024 - 2);
const large = bodyOf(setEntries, {
  namespace: "large",
  entries: Array.from({ length: 1_000 }, (_, at) => ({ key: `key-${at}`, value: tenKib })),
});
const snapshot = `subscription { entryChanged(namespace: "default", snapshot: true) { kind key revision entry { value } } }`;
const search = `query ($text: String!) { searchEntries(text: $text, first: 100) { nodes { snippet entry { key } } } }`;
const clear = `mutation { clearNamespace(input: { namespace: "default" }) { clearedCount } }`;

const names = {
  nothing: "nothing",
  setEntries: "setEntries of 1,000 × 10 KiB",
  snapshotOverWebSocket: "snapshot over WebSocket",
  snapshotBySse: "snapshot by server-sent events",
  search: "search",
  export: "export",
  import: "import",
  clear: "clear",
};

await runBenchmark({
  id: "k",
  name: "k-health-delay",
  title: "Longest delay of /health/live",
  measures: { longestMs: "longest, ms", seconds: "what was done took, s" },
  checks: Object.entries(names).map(([name, what]) => ({
    what: `during: ${what}`,
    of: [what, "longestMs"],
    ...(name !== "nothing" && { required: { atMost: 50, unit: "ms" } }),
  })),
  async measure({ rounds, either, progress, own }) {
    const entries = either(50_000, 5_000);
    const server = own(await startBaton());
    const probe = own(await startProbe(server));
    const caller = () => openGraphqlHttp(server);
    const file = join(server.dataDir, "export.ndjson");
    const dataDir = ["--data-dir", server.dataDir];
    const refill = async () => {
      await fill(server, entries);
      await untilIdle(server.pid, either(60, 5));
    };
    const fail = (error) => {
      throw error;
    };
    const received = async (open) => {
      const messages = new MessageCount();
      const all = messages.after(entries + 1);
      const subscription = await open(messages.came);
      await all;
      subscription.close();
    };
    const work = {
      nothing: () => new Promise((resolve) => setTimeout(resolve, 3_000)),
      async setEntries() {
        const connection = await HttpConnection.open(server.url, headersOf(server));
        for (let turn = 0; turn < 5; turn += 1) {
          const answer = await connection.post("/graphql", large);
          if (answer.includes('"errors"')) throw new Error(answer);
        }
        connection.close();
      },
      snapshotOverWebSocket: () => received((came) => openSubscribers(server, 1, snapshot, came)),
      snapshotBySse: () => received((came) => openEventStream(server, snapshot, came, fail)),
      async search() {
        const { run, close } = await caller();
        // A text that every entry contains, one that few contain, and one that none contains.
        for (const text of ["xxx", "key-123", "nowhere"]) await run(search, { text });
        close();
      },
      async export() {
        await rm(file, { force: true });
        await runBaton(["export", "--namespace-prefix", "default", "--output", file, ...dataDir]);
      },
      async import() {
        await runBaton(["import", file, "--user", `importer-${performance.now()}`, ...dataDir]);
      },
      async clear() {
        const { run, close } = await caller();
        await run(clear);
        close();
      },
    };
    const targets = Object.entries(names).map(([key, name]) => ({ key, name }));
    return interleave({
      rounds,
      targets,
      isOrderKept: true, // each needs the result of the previous ones
      measure: async ({ key }) => {
        if (key === "nothing") await refill();
        await untilIdle(server.pid, either(20, 3));
        const begin = performance.now();
        const longestMs = await probe.during(work[key]);
        return { longestMs, seconds: (performance.now() - begin) / 1_000 };
      },
      progress,
    });
  },
});
