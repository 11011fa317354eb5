// Clears jobs that are done, and deletes old results. It does not touch jobs in progress:
//   node --import tsx examples/clean-up/janitor.ts [--done-for seconds] [--results-older-than seconds] [--prefix job:]
//
// Each step is one write, which checks whether it still applies. So a janitor can be killed at any moment, and several
// can run at the same time.
import { parseArgs } from "node:util";
import { ConflictError } from "baton-store/client";
import { agent } from "../agent.ts";
import { jobPrefix, resultsOf, totalsOf, type Job } from "./job.ts";

const { values } = parseArgs({
  options: {
    "done-for": { type: "string", default: "3600" },
    "results-older-than": { type: "string", default: String(30 * 24 * 3_600) },
    prefix: { type: "string", default: jobPrefix },
  },
});

await agent("janitor", async (store) => {
  const results = resultsOf(store);
  const totals = totalsOf(store);

  for (const { name, updatedAt } of await store.namespaces({ namespacePrefix: values.prefix })) {
    if (secondsSince(updatedAt) < Number(values["done-for"])) continue;
    const job = store.namespace<Job>(name);
    const meta = await job.entry("meta");
    if (meta?.value.state !== "done") continue;
    const isMine = await unlessOthersWrote(() =>
      store.transact((t) => {
        // A worker that took up the job has written this entry. A janitor that cleared the job has deleted it.
        t.in(job).require("meta", { revision: meta.revision });
        t.in(job).clear();
        t.in(totals).increment("jobs");
      }),
    );
    console.log(isMine ? `cleared ${name}` : `left ${name}: another agent changed it`);
  }

  for await (const { key, revision, updatedAt } of results.entries()) {
    if (secondsSince(updatedAt) < Number(values["results-older-than"])) continue;
    const isMine = await unlessOthersWrote(() =>
      store.transact((t) => {
        // A result that was written again is not old.
        t.in(results).delete(key, { ifRevision: revision });
        t.in(totals).increment("results");
      }),
    );
    if (isMine) console.log(`deleted the result of ${key}`);
  }
  console.log("all is clean");
});

/** Times are those of the database. For ages of hours and days, the janitor's clock is precise enough. */
function secondsSince(time: Date): number {
  return (Date.now() - time.getTime()) / 1_000;
}

/** False if the write's condition did not hold. Nothing is written in that case. */
async function unlessOthersWrote(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}
