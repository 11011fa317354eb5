// An agent that works and says how far it has come: node --import tsx examples/status/worker.ts <job> <name> [steps]
//
// Its status lives for a few seconds from its last sign of life on. Nobody has to notice that an agent is dead, or clean
// up behind it: its status goes by itself, and whoever watches sees it go.
import { setInterval, setTimeout } from "node:timers/promises";
import { agent } from "../agent.ts";
import { beatMs, doneTtlSeconds, statusesOf, ttlSeconds } from "./status.ts";
import type { Status, Statuses } from "./status.ts";

const [job = "example", name = "worker", count = "12"] = process.argv.slice(2);
const steps = Number(count);
const phases = ["fetch", "parse", "index"] as const;

await agent(name, async (store) => {
  const statuses = store.namespace<Statuses>(statusesOf(job));
  const status: Status = { phase: "fetch", step: 0, steps };

  // It is said at each beat, not at each step: steps may be many, and a single one may last for long. Merged into what
  // is there, as others may write beside it, such as a note of the operator; and always all of it, as what was there may
  // have expired while the server was away.
  const report = (seconds = ttlSeconds) => statuses.patch(name, status, { ttlSeconds: seconds });
  await report();
  const stop = new AbortController();
  const beating = beat(report, stop.signal);

  while (status.step < steps) {
    status.phase = phases[Math.floor((status.step / steps) * phases.length)] ?? "index";
    await setTimeout(100 + 100 * Math.random()); // This is where it works.
    status.step++;
  }

  // A beat that is still under way must not come after the last word, which is to stay.
  stop.abort();
  await beating;
  status.phase = "done";
  await report(doneTtlSeconds);
  console.log("done");
});

/** One after the other, so that none overtakes another. */
async function beat(report: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of setInterval(beatMs, null, { signal })) await report();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
