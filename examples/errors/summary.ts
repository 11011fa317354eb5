// Adds up the results of tasks: node --import tsx examples/errors/summary.ts <job> <task> …
//
// It waits for each task's outcome, which is a result or an error. If it cannot make the summary, it hands on that
// error in the same way.
import { agent } from "../agent.ts";
import { jobOf } from "./job.ts";
import type { Outcome } from "./outcome.ts";

const [job = "example", ...tasks] = process.argv.slice(2);
/** If no worker runs, no outcome arrives, and the wait ends with a TimeoutError. */
const timeoutMs = 60_000;

await agent("summary", async (store) => {
  const { results } = jobOf(store, job);
  let summary: Outcome<{ rows: number }> = { ok: true, value: { rows: 0 } };
  for (const task of tasks) {
    const { value: outcome } = await results.waitFor(`task:${task}`, { timeoutMs });
    if (outcome.ok) {
      console.log(`task:${task} has ${outcome.value} rows`);
      if (summary.ok) summary.value.rows += outcome.value;
    } else {
      const { agent: who, attempt, message } = outcome.error;
      console.log(`task:${task} failed for ${who} at attempt ${attempt}: ${message}`);
      summary = outcome;
    }
  }
  await results.set("summary", summary);
  console.log(
    summary.ok ? `${summary.value.rows} rows in all` : "no summary, because a task failed",
  );
});
