// Waits until all tasks are done, and merges their results: node --import tsx examples/fan-out/collector.ts [namespace]
import { agent } from "../agent.ts";
import { isDone, namespacesOf, ttlSeconds } from "./job.ts";
import { merge, mostFrequent, type Counts } from "./words.ts";

const [namespace] = process.argv.slice(2);

await agent("collector", async (store) => {
  const { job, tasks } = namespacesOf(store, namespace);
  // Each result and the counter are one transaction: when the counter is complete, all results exist.
  for await (const { entry } of job.watch({ key: "progress", snapshot: true })) {
    if (entry) console.log(`${entry.value.completed} of ${entry.value.total} are done`);
    if (isDone(entry?.value)) break;
  }
  const results: Counts[] = [];
  for await (const { key, value } of tasks.entries()) {
    if (value.words) results.push(value.words);
    else console.log(`${key} is missing: ${value.error}`);
  }
  const result = merge(results);
  await job.set("result", result, { ttlSeconds });
  console.log(`most frequent: ${mostFrequent(result, 5)}`);
});
