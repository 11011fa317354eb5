// m. The time from the start of `baton serve` until /health/ready responds, on a store of 100,000 entries and on an
// empty one. `node -e 0` shows the time that the start of Node.js itself takes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fill } from "../load/fill.mjs";
import { interleave } from "../measure/rounds.mjs";
import { untilIdle } from "../measure/until-idle.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { temporaryFolder } from "../servers/child-process.mjs";

const existing = "baton serve, existing store";
const empty = "baton serve, new store";
const node = "node -e 0";

await runBenchmark({
  id: "m",
  name: "m-start-up",
  title: "baton serve until it is ready",
  measures: { startMs: "ms" },
  checks: [
    { what: existing, of: [existing, "startMs"], required: { atMost: 1_000, unit: "ms" } },
    { what: empty, of: [empty, "startMs"] },
    { what: "existing store ÷ node -e 0", of: [existing, "startMs"], to: [node, "startMs"] },
  ],
  async measure({ rounds, either, progress, own }) {
    const folder = await temporaryFolder();
    own({ stop: folder.remove });
    const dataDir = join(folder.path, "existing");
    progress("filling");
    const server = await startBaton({ dataDir });
    await fill(server, either(100_000, 5_000));
    await untilIdle(server.pid, either(120, 5));
    await server.stop();
    let count = 0;
    const start = async (path) => {
      const started = await startBaton({ dataDir: path });
      await started.stop();
      return started.startMs;
    };
    const targets = [
      { name: existing, run: () => start(dataDir) },
      { name: empty, run: () => start(join(folder.path, `new-${(count += 1)}`)) },
      { name: node, run: startNode },
    ];
    return interleave({
      rounds: rounds * 2, // a start is short
      targets,
      warmUp: ({ run }) => run(),
      measure: async ({ run }) => ({ startMs: await run() }),
      progress,
    });
  },
});

async function startNode() {
  const begin = performance.now();
  await once(spawn(process.execPath, ["-e", "0"]), "close");
  return performance.now() - begin;
}
