// Takes tasks until all are done: node --import tsx examples/fan-out/worker.ts <name> [namespace] [paceMs]
import { setTimeout as pause } from "node:timers/promises";
import { ClaimLostError, type Claim } from "baton-store/client";
import { agent } from "../agent.ts";
import { isDone, namespacesOf, type Task } from "./job.ts";
import { countWords } from "./words.ts";

const [name = "worker", namespace, paceMs = "100"] = process.argv.slice(2);

/**
 * So long after a worker's death its task is another's. While the worker lives the lease is renewed, however long the
 * task takes.
 */
const leaseSeconds = 3;
/** A task that as many workers have died of is given up. */
const maxAttempts = 3;

await agent(name, async (store) => {
  const { job, tasks } = namespacesOf(store, namespace);
  while (!isDone(await job.get("progress"))) {
    // Given back at the end of the block, should something be thrown in it.
    await using task = await tasks.claim({ leaseSeconds, waitMs: 1_000 });
    if (!task) continue; // Others are at work on the last ones. One of them may die: look again.
    console.log(`took ${task.key}, attempt ${task.attempt}`);
    try {
      await work(task);
    } catch (error) {
      if (!(task.signal.aborted || error instanceof ClaimLostError)) throw error;
      // The lease could not be renewed in time: the task is another's, and nothing was written here.
      console.log(`lost ${task.key}`);
    }
  }

  async function work(task: Claim<Task>): Promise<void> {
    const { document, text = "" } = task.value;
    if (task.attempt > maxAttempts) {
      const error = `${maxAttempts} workers did not come to an end of it`;
      await complete(task, { document, text, error });
      console.log(`gave up ${task.key}`);
      return;
    }
    await pause(Number(paceMs), null, { signal: task.signal }); // Real work takes its time.
    await complete(task, { document, words: countWords(text) });
    console.log(`completed ${task.key}`);
  }

  /** The result and the count in one transaction: a task that is done is counted, and once. */
  async function complete(task: Claim<Task>, result: Task): Promise<void> {
    await task.complete(result, {
      metadata: { attempt: task.attempt },
      transact(t) {
        t.in(job).increment("progress", { path: "/completed" });
        if (result.error) t.in(job).increment("progress", { path: "/failed" });
      },
    });
  }
});
