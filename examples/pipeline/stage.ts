// Shared by the stages: each waits for the output of the previous one, and sets its own output in the same namespace.
import { ConflictError, RevisionCompactedError } from "baton-store/client";
import { agent } from "../agent.ts";
import { jobPrefix, ttlSeconds, type Failure, type Job, type Steps } from "./job.ts";

/**
 * Runs one stage of every job, until it is stopped.
 *
 * @param from the key of the input
 * @param to the key of the output
 */
export async function stage<From extends keyof Job, To extends keyof Job>(
  name: string,
  from: From,
  to: To,
  work: (input: Steps[From]) => Promise<Steps[To]>,
): Promise<void> {
  await agent(name, async (store) => {
    for (;;) {
      try {
        return await follow();
      } catch (error) {
        // The log no longer contains the changes since the last connection. The snapshot has their result.
        if (!(error instanceof RevisionCompactedError)) throw error;
      }
    }

    async function follow(): Promise<void> {
      // The store has the outputs, so a stage stores no position: it reads every job, and makes the missing outputs.
      const inputs = store.watch({ namespacePrefix: jobPrefix, key: from, snapshot: true });
      for await (const { namespace, entry } of inputs) {
        if (entry) await handOn(namespace, entry.value as Job[From]);
      }
    }

    async function handOn(namespace: string, input: Job[From]): Promise<void> {
      const job = store.namespace<Job>(namespace);
      if (await job.get(to)) return;
      console.log(`woke: ${from} of ${namespace}`);
      const output = isFailure(input)
        ? { error: input.error }
        : await work(input as Steps[From]).catch(failureOf);
      try {
        // "0": only if it does not exist. A second process of this stage can have written first.
        await job.set(to, output, { ifRevision: "0", ttlSeconds });
        console.log(`made: ${to} of ${namespace}`);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  });
}

function isFailure(input: object): input is Failure {
  return "error" in input;
}

/** A step that fails hands on its error. A stage that is killed hands on nothing, and must be started again. */
function failureOf(error: unknown): Failure {
  return { error: error instanceof Error ? error.message : String(error) };
}
