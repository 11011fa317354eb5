// Waits for handoffs, reads each report and answers it, until it is stopped:
//   node --import tsx examples/handoff/consumer.ts [namespace]
//
// An answer is saved in one transaction with `position`, the revision that the consumer has reached. So if the consumer
// is killed at any moment, it has either completed a handoff and resumes after it, or it receives the handoff again.
import {
  ConflictError,
  RevisionCompactedError,
  type Entry,
  type Revision,
} from "baton-store/client";
import { agent } from "../agent.ts";
import { namespacesOf, type Handoff, type ReportName } from "./namespaces.ts";

const [namespace] = process.argv.slice(2);

await agent("consumer", async (store) => {
  const { handoffs, reports, answers } = namespacesOf(store, namespace);
  let position = await answers.get("position");
  for (;;) {
    try {
      return await follow(position);
    } catch (error) {
      if (!(error instanceof RevisionCompactedError)) throw error;
      console.log(`the log no longer reaches back to revision ${position}`);
      position = undefined;
    }
  }

  /** @param after the position; undefined: begin with a snapshot of the handoffs so far */
  async function follow(after: Revision | undefined): Promise<void> {
    console.log(after ? `resumes after revision ${after}` : "begins with a snapshot");
    const start = after ? { after } : { snapshot: true };
    let isCaughtUp = after !== undefined;
    // A lost connection needs no code here, because the watch resumes automatically.
    for await (const change of handoffs.watch({ keyPrefix: "report-", ...start })) {
      isCaughtUp ||= change.kind === "CAUGHT_UP";
      // A snapshot is sorted by key. Do not save a position before CAUGHT_UP.
      const reached = isCaughtUp ? change.revision : undefined;
      if (change.entry) await answer(change.entry, reached);
      else if (reached) await answers.set("position", reached);
    }
  }

  async function answer(handoff: Entry<Handoff, ReportName>, reached?: Revision): Promise<void> {
    const { key, revision, value } = handoff;
    console.log(`woke at revision ${revision}: ${key}`);
    const report = await reports.get(value.report);
    const words = report?.text.trim().split(/\s+/).length ?? 0;
    try {
      await store.transact((t) => {
        // "0": only if it was never answered. A snapshot also contains old handoffs.
        t.in(answers).set(`answer/${key}`, { words }, { ifRevision: "0" });
        if (reached) t.in(answers).set("position", reached);
      });
      console.log(`answered ${key}`);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      console.log(`${key} was answered before`);
    }
  }
});
