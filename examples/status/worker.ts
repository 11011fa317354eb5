// An agent that works and reports its progress: node --import tsx examples/status/worker.ts <job> <name> [steps]
//
// Its status expires a few seconds after its last heartbeat. No other agent has to detect its death or remove its
// entry: the status expires, and every watch receives the change.
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

  // Reported at each heartbeat, not at each step: there can be many steps, and a single step can take long. The report
  // is merged into the entry, because others can add members, such as a note of the operator. It is always complete,
  // because the entry can have expired while the server was unavailable.
  const report = (seconds = ttlSeconds) => statuses.patch(name, status, { ttlSeconds: seconds });
  await report();
  const stop = new AbortController();
  const beating = beat(report, stop.signal);

  while (status.step < steps) {
    status.phase = phases[Math.floor((status.step / steps) * phases.length)] ?? "index";
    await setTimeout(100 + 100 * Math.random()); // The work.
    status.step++;
  }

  // A heartbeat in progress must not arrive after the final report, which must stay.
  stop.abort();
  await beating;
  status.phase = "done";
  await report(doneTtlSeconds);
  console.log("done");
});

/** Sends one heartbeat after another, so that none overtakes another. */
async function beat(report: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of setInterval(beatMs, null, { signal })) await report();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
