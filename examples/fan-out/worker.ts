// Claims tasks until all are done: node --import tsx examples/fan-out/worker.ts <name> [namespace] [paceMs]
import { setTimeout as pause } from "node:timers/promises";
import { ClaimLostError, type Claim } from "baton-store/client";
import { agent } from "../agent.ts";
import { isDone, namespacesOf, type Task } from "./job.ts";
import { countWords } from "./words.ts";

const [name = "worker", namespace, paceMs = "100"] = process.argv.slice(2);

/**
 * The time after a worker's death until another worker can claim its task. While the worker lives, it renews the lease,
 * regardless of how long the task takes.
 */
const leaseSeconds = 3;
/** A task is given up after this number of workers have died with it. */
const maxAttempts = 3;

await agent(name, async (store) => {
  const { job, tasks } = namespacesOf(store, namespace);
  while (!isDone(await job.get("progress"))) {
    // If the block throws, the task is released.
    await using task = await tasks.claim({ leaseSeconds, waitMs: 1_000 });
    if (!task) continue; // Other workers have the last tasks. One of them can die, so try again.
    console.log(`took ${task.key}, attempt ${task.attempt}`);
    try {
      await work(task);
    } catch (error) {
      if (!(task.signal.aborted || error instanceof ClaimLostError)) throw error;
      // The lease could not be renewed in time: another worker has the task, and nothing was written here.
      console.log(`lost ${task.key}`);
    }
  }

  async function work(task: Claim<Task>): Promise<void> {
    const { document, text = "" } = task.value;
    if (task.attempt > maxAttempts) {
      const error = `${maxAttempts} workers did not finish it`;
      await complete(task, { document, text, error });
      console.log(`gave up ${task.key}`);
      return;
    }
    await pause(Number(paceMs), null, { signal: task.signal }); // Simulates the duration of real work.
    await complete(task, { document, words: countWords(text) });
    console.log(`completed ${task.key}`);
  }

  /** The result and the count are one transaction, so each completed task is counted once. */
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
