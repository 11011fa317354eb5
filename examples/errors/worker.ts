// Claims tasks until it is stopped: node --import tsx examples/errors/worker.ts <job> <name>
//
// A task that fails is released for another attempt, and its error is recorded. After the last attempt, one transaction
// completes it with the error as its result and adds it to the dead letters: no agent waits for it any longer, and no
// worker claims it again.
import { ClaimLostError, type Claim } from "baton-store/client";
import { agent } from "../agent.ts";
import { countRows } from "./count-rows.ts";
import { jobOf } from "./job.ts";
import { maxAttempts, type Failure, type Task } from "./outcome.ts";

const [job = "example", name = "worker"] = process.argv.slice(2);
/** The time after a worker's death until another worker can claim its task. */
const leaseSeconds = 2;

await agent(name, async (store) => {
  const { work, results, attempts, deadLetters } = jobOf(store, job);
  for (;;) {
    const claim = await work.claim({ keyPrefix: "task:", leaseSeconds, waitMs: Infinity });
    if (claim) await attempt(claim).catch(unlessLost);
  }

  async function attempt(claim: Claim<Task, `task:${string}`>): Promise<void> {
    const { key, value, attempt: number } = claim;
    console.log(`${key}, attempt ${number}`);
    // A task that kills its workers leaves no worker to report an error, but its attempts are counted.
    if (number > maxAttempts) return fail(claim, `none of ${maxAttempts} attempts finished`);
    let rows: number;
    try {
      rows = await countRows(value, number, claim.signal);
    } catch (error) {
      claim.signal.throwIfAborted(); // The claim was lost, which is not an error of the task.
      return fail(claim, error instanceof Error ? error.message : String(error));
    }
    await claim.complete(undefined, {
      transact: (t) => t.in(results).set(key, { ok: true, value: rows }),
    });
    console.log(`${key} has ${rows} rows`);
  }

  async function fail(claim: Claim<Task, `task:${string}`>, message: string): Promise<void> {
    const { key, value, attempt: number } = claim;
    const at = new Date().toISOString();
    const error: Failure = { task: key, agent: name, attempt: number, at, message };
    console.log(`${key} failed: ${message}`);
    if (number < maxAttempts) {
      await attempts.set(`${key}/${number}`, error);
      await claim.release();
      return;
    }
    await claim.complete(undefined, {
      transact(t) {
        t.in(attempts).set(`${key}/${number}`, error);
        t.in(deadLetters).set(key, { task: value, error });
        t.in(results).set(key, { ok: false, error });
      },
    });
    console.log(`${key} is given up`);
  }
});

/** Another worker has the task, and reports its outcome. */
function unlessLost(error: unknown): void {
  if (!(error instanceof ClaimLostError)) throw error;
  console.log(`lost a claim: ${error.message}`);
}
