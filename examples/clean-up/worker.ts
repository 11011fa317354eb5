// Does a job, or takes up an existing one: node --import tsx examples/clean-up/worker.ts <id> [chunks] [ttlSeconds]
import { setTimeout } from "node:timers/promises";
import { agent } from "../agent.ts";
import { defaultTtlSeconds, jobOf, resultsOf, type Job } from "./job.ts";

const [id = "example", count = "5", ttl = String(defaultTtlSeconds)] = process.argv.slice(2);
/** All entries of a job expire, so they disappear if its worker dies and no other worker takes it up. */
const ttlSeconds = Number(ttl);
const worker = `worker-${process.pid}`;

await agent(worker, async (store) => {
  const job = jobOf(store, id);
  // From here on, no janitor clears it: a janitor that has just read that the job was done is refused.
  await job.set("meta", { state: "running", worker }, { ttlSeconds });

  const done = new Set(await job.keys({ keyPrefix: "chunk:" }));
  if (done.size > 0) console.log(`takes up ${id} with ${done.size} chunks`);
  for (let number = 1; number <= Number(count); number++) {
    const key: keyof Job = `chunk:${number}`;
    if (done.has(key)) continue;
    await setTimeout(150); // The work.
    await job.set(key, { words: 100 * number }, { ttlSeconds });
    console.log(`${id}: ${key}`);
  }

  let words = 0;
  let chunks = 0;
  for await (const { value } of job.entries({ keyPrefix: "chunk:" })) {
    if (!("words" in value)) continue;
    words += value.words;
    chunks++;
  }
  // The result and the state of the job are written in one transaction.
  await store.transact((t) => {
    t.in(resultsOf(store)).set(id, { words, chunks });
    t.in(job).set("meta", { state: "done", worker }, { ttlSeconds });
  });
  console.log(`${id} is done: ${words} words`);
});
