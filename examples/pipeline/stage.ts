// What the stages share: each is woken by the output of the one before, and sets its own beside it.
import { ConflictError, RevisionCompactedError } from "baton-store/client";
import { agent } from "../agent.ts";
import { jobPrefix, ttlSeconds, type Failure, type Job, type Steps } from "./job.ts";

/**
 * Runs one stage of every job, until it is stopped.
 *
 * @param from the key whose value wakes it
 * @param to the key of what it makes of that
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
        // Away for so long that the log has forgotten some: the snapshot has them.
        if (!(error instanceof RevisionCompactedError)) throw error;
      }
    }

    async function follow(): Promise<void> {
      // What a stage has done is in the store, so it keeps no position: it looks at every job, and does what is missing.
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
        // "0": only if there is none. A second process of this stage may have come first.
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

/** A step that can't be done is handed on, too. A stage that is killed hands on nothing, and is to be started again. */
function failureOf(error: unknown): Failure {
  return { error: error instanceof Error ? error.message : String(error) };
}
