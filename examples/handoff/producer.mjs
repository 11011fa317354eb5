// @ts-check
// Writes reports, hands each over, and waits for the answers: node examples/handoff/producer.mjs [count]
import { setTimeout as wait } from "node:timers/promises";
import { BatonError, connect, fail, keepTrying } from "../baton-client.mjs";

/** @typedef {import("../baton-client.mjs").Baton} Baton */

const READ_COUNTER = `{ entry(namespace: "handoff:producer", key: "counter") { value revision } }`;
const SET = `mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }`;
const ANSWERS = `subscription ($after: Revision!) {
  entryChanged(namespace: "handoff:consumer", keyPrefix: "answer/", after: $after) {
    revision key agent entry { value }
  }
}`;

async function main() {
  const count = Number(process.argv[2] ?? 5);
  if (!(count >= 1)) return fail("Say how many reports: producer.mjs [count]");
  const baton = await connect("producer");

  // Every answer will come later than this, even one that is there before the producer listens.
  let after = (await baton.query("{ viewer { headRevision } }")).viewer.headRevision;

  /** @type {Set<string>} */
  const unanswered = new Set();
  while (unanswered.size < count) {
    await wait(100); // Writing a report takes its time.
    const name = await keepTrying(() => nextName(baton));
    await keepTrying(() => handOver(baton, name));
    unanswered.add(name);
    console.log(`handed over ${name}`);
  }

  console.log(`waiting for ${unanswered.size} answers`);
  await keepTrying(async () => {
    for await (const { entryChanged: answer } of baton.subscribe(ANSWERS, { after })) {
      after = answer.revision;
      const name = answer.key?.slice("answer/".length);
      if (unanswered.delete(name)) {
        console.log(`${answer.agent} answered ${name}: ${answer.entry.value.words} words`);
      }
      if (unanswered.size === 0) return;
    }
  });
}

/**
 * A number that no other producer has: whoever comes second meets a CONFLICT, and takes the one after it.
 * @param {Baton} baton @returns {Promise<string>}
 */
async function nextName(baton) {
  const { entry } = await baton.query(READ_COUNTER);
  const number = (entry?.value ?? 0) + 1;
  try {
    const ifRevision = entry?.revision ?? "0"; // "0": only if there is none
    const input = { namespace: "handoff:producer", key: "counter", value: number, ifRevision };
    await baton.query(SET, { input });
  } catch (error) {
    if (error instanceof BatonError && error.code === "CONFLICT") return nextName(baton);
    throw error;
  }
  // Padded: a snapshot comes sorted by key, and so in the order of the work.
  return `report-${String(number).padStart(6, "0")}`;
}

/** @param {Baton} baton @param {string} name */
async function handOver(baton, name) {
  const namespace = `pipeline:${name}`;
  const text = `This is ${name}. ${"It says a lot. ".repeat(1 + Math.random() * 9)}`;
  // The report first: whoever sees the handoff finds it.
  await baton.query(SET, { input: { namespace, key: "report", value: { text } } });
  const value = { report: namespace, ready: true };
  await baton.query(SET, { input: { namespace: "handoff", key: name, value } });
}

main().catch(fail);
