// c. The time from before a set is sent until a subscriber has received it: one writer, one subscriber, no other load.
// Writer and subscriber are one process with one clock. The server is a separate process.

import { handOver } from "../measure/handoff.mjs";
import { quantile } from "../measure/quantile.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { names, startOtherInstance, startWays, withWriter } from "../writers/ways.mjs";

const against = (name, etcd, required) =>
  ["p50", "p99"].map((part) => ({
    what: `${name} ÷ ${etcd}, ${part}`,
    of: [name, `${part}Ms`],
    to: [etcd, `${part}Ms`],
    required,
  }));
const noWorse = { atMost: 1 };

await runBenchmark({
  id: "c",
  name: "c-set-to-seen",
  title: "A set until a subscriber has it, one writer",
  measures: { p50Ms: "seen p50, ms", p99Ms: "seen p99, ms", answeredMs: "answered p50, ms" },
  checks: [
    ...against(names.sqliteWebSocket, names.etcdHttp, noWorse),
    ...against(names.sqliteHttp, names.etcdHttp, noWorse),
    ...against(names.sqliteWebSocket, names.etcdGrpc),
    ...against(names.sqliteHttp, names.etcdGrpc),
    ...against(names.postgresWebSocket, names.etcdHttp),
    ...against(names.postgresHttp, names.etcdHttp),
    {
      what: "PostgreSQL: set on another instance ÷ on the subscriber's, p50",
      of: [names.otherInstance, "p50Ms"],
      to: [names.postgresWebSocket, "p50Ms"],
      required: { atMost: 3 },
    },
  ],
  async measure({ rounds, either, progress, own }) {
    const ways = await startWays(own);
    return interleave({
      rounds,
      targets: [...ways, await startOtherInstance(ways, own)],
      warmUp: (way) =>
        withWriter(way, 1, (writer) =>
          handOver(writer, { warmUpSeconds: either(5, 1), seconds: 0 }),
        ),
      measure: (way) =>
        withWriter(way, 1, async (writer) => {
          const options = { warmUpSeconds: 0.5, seconds: either(4, 1) };
          const { answeredMs, seenMs } = await handOver(writer, options);
          return {
            p50Ms: quantile(seenMs, 0.5),
            p99Ms: quantile(seenMs, 0.99),
            answeredMs: quantile(answeredMs, 0.5),
          };
        }),
      progress,
    });
  },
});
