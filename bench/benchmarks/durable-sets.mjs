// a. Durable sets, 64 in flight. HTTP uses one connection for each; the others share one connection among 8.
// Every server syncs a write to the disk before it acknowledges it, except NATS, which has no such setting.

import { driveAndCount, drive } from "../load/drive.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { names, startWays, withWriter } from "../writers/ways.mjs";

const inFlight = 64;
const keysEach = 256;

const atLeast = (name, ratio) => ({
  what: `${name} ÷ etcd`,
  of: [name, "perSecond"],
  to: [names.etcdHttp, "perSecond"],
  required: { atLeast: ratio },
});

await runBenchmark({
  id: "a",
  name: "a-durable-sets",
  title: `Durable setEntry, ${inFlight} in flight`,
  measures: {
    perSecond: "sets/s",
    cpuMsEach: "server CPU each, ms",
    callerMsEach: "caller's CPU each, ms",
    p50Ms: "p50, ms",
    p99Ms: "p99, ms",
  },
  checks: [
    atLeast(names.sqliteHttp, 1),
    atLeast(names.sqliteWebSocket, 1.5),
    atLeast(names.postgresHttp, 0.5),
    atLeast(names.postgresWebSocket, 0.75),
  ],
  async measure({ rounds, either, progress, own }) {
    const operation = (writer) => (place, turn) =>
      writer.put(place, `key-${place}-${turn % keysEach}`);
    return interleave({
      rounds,
      targets: await startWays(own),
      warmUp: (way) =>
        withWriter(way, inFlight, (writer) => drive(inFlight, either(8, 2), operation(writer))),
      measure: (way) =>
        withWriter(way, inFlight, async (writer) => {
          await drive(inFlight, 0.5, operation(writer));
          return driveAndCount(inFlight, either(4, 1.5), way.pids, operation(writer));
        }),
      progress,
    });
  },
});
