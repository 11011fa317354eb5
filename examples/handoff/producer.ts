// Writes reports, hands each over, and waits for the answers:
//   node --import tsx examples/handoff/producer.ts [count] [namespace]
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { agent } from "../agent.ts";
import { namespacesOf, type ReportName } from "./namespaces.ts";

const [given = "5", namespace] = process.argv.slice(2);
const count = Number(given);

await agent("producer", async (store) => {
  assert(count >= 1, "The count must be at least 1: producer.ts [count] [namespace]");
  const { handoffs, reports, answers } = namespacesOf(store, namespace);
  // Every answer is later than this revision, including answers that exist before the producer listens.
  const { headRevision } = await store.viewer();

  const unanswered = new Set<string>();
  while (unanswered.size < count) {
    await pause(100); // Simulates the duration of the work.
    const { value: number } = await reports.increment("counter"); // No other producer gets this number.
    // Padded with zeros, so that a snapshot, which is sorted by key, has the order of the work.
    const name: ReportName = `report-${String(number).padStart(6, "0")}`;
    const text = `This is ${name}. ${"It says a lot. ".repeat(1 + Math.random() * 9)}`;
    // In one transaction: a consumer that sees the handoff finds the report.
    await store.transact((t) => {
      t.in(reports).set(name, { text });
      t.in(handoffs).set(name, { report: name });
    });
    unanswered.add(name);
    console.log(`handed over ${name}`);
  }

  console.log(`waiting for ${unanswered.size} answers`);
  for await (const { entry } of answers.watch({ keyPrefix: "answer/", after: headRevision })) {
    const name = entry?.key.slice("answer/".length) ?? "";
    if (entry && unanswered.delete(name)) {
      console.log(`${entry.updatedBy} answered ${name}: ${entry.value.words} words`);
    }
    if (unanswered.size === 0) return;
  }
});
