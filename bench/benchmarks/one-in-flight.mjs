// b. One durable set at a time: the time that a caller waits.

import { drive, driveAndCount } from "../load/drive.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { names, startWays, withWriter } from "../writers/ways.mjs";

const keys = 256;
const put = (writer) => (place, turn) => writer.put(place, `key-${turn % keys}`);
const against = (name, etcd, required) => ({
  what: `${name} ÷ ${etcd}, p50`,
  of: [name, "p50Ms"],
  to: [etcd, "p50Ms"],
  required,
});

await runBenchmark({
  id: "b",
  name: "b-one-in-flight",
  title: "Durable setEntry, one in flight",
  measures: {
    p50Ms: "p50, ms",
    p99Ms: "p99, ms",
    perSecond: "sets/s",
    cpuMsEach: "server CPU each, ms",
  },
  checks: [
    against(names.sqliteHttp, names.etcdHttp, { atMost: 2 }),
    against(names.sqliteWebSocket, names.etcdHttp, { atMost: 2 }),
    against(names.sqliteHttp, names.etcdGrpc),
    against(names.sqliteWebSocket, names.etcdGrpc),
    against(names.postgresHttp, names.etcdHttp),
    against(names.postgresWebSocket, names.etcdHttp),
  ],
  async measure({ rounds, either, progress, own }) {
    return interleave({
      rounds,
      targets: await startWays(own),
      warmUp: (way) =>
        withWriter(way, 1, async (writer) => void (await drive(1, either(5, 1), put(writer)))),
      measure: (way) =>
        withWriter(way, 1, async (writer) => {
          await drive(1, 0.5, put(writer));
          return driveAndCount(1, either(3, 1), way.pids, put(writer));
        }),
      progress,
    });
  },
});
