// @ts-check
// Wakes at each handoff, reads the report and answers, until it is stopped: node examples/handoff/consumer.mjs
//
// What it writes is in the namespace handoff:consumer: an answer a handoff, and `position`, the revision that it has
// come to. Both are written at once, so a consumer that is killed, at whatever moment, has either done a handoff and
// goes on behind it, or has not and is given it again.
import { BatonError, connect, fail, keepTrying } from "../baton-client.mjs";

/** @typedef {import("../baton-client.mjs").Baton} Baton */

const READ = `query ($namespace: String!, $key: String!) {
  entry(namespace: $namespace, key: $key) { value }
}`;
const SAVE = `mutation ($entries: [SetEntriesItem!]!) {
  setEntries(input: { namespace: "handoff:consumer", entries: $entries }) { revision }
}`;
const HANDOFFS = `subscription ($after: Revision, $snapshot: Boolean) {
  entryChanged(namespace: "handoff", after: $after, snapshot: $snapshot) {
    kind revision key entry { value }
  }
}`;

async function main() {
  const baton = await connect("consumer");
  // A lost connection is like a new start: the position is in the store.
  await keepTrying(async () => {
    const position = await read(baton, "handoff:consumer", "position");
    try {
      await follow(baton, position);
    } catch (error) {
      if (!(error instanceof BatonError && error.code === "REVISION_COMPACTED")) throw error;
      console.log(`the log no longer reaches back to revision ${position}`);
      await follow(baton, null);
    }
  });
}

/**
 * @param {Baton} baton
 * @param {string | null} position null: begin with a snapshot of what was handed over so far
 */
async function follow(baton, position) {
  console.log(position === null ? "begins with a snapshot" : `goes on after revision ${position}`);
  let caughtUp = position !== null;
  const start = caughtUp ? { after: position } : { snapshot: true };
  for await (const { entryChanged: change } of baton.subscribe(HANDOFFS, start)) {
    caughtUp ||= change.kind === "CAUGHT_UP";
    // Before the snapshot is whole it does not come in the order of revisions: none of them is a place to go on from.
    const progress = caughtUp ? [{ key: "position", value: change.revision }] : [];
    if (!change.entry?.value?.ready) {
      await save(baton, progress);
      continue;
    }
    console.log(`woke at revision ${change.revision}: ${change.key}`);
    const value = await answer(baton, change.entry.value);
    // "0": only if it was never answered. A snapshot holds what was done long ago, too.
    const reply = { key: `answer/${change.key}`, value, ifRevision: "0" };
    const isNew = await save(baton, [reply, ...progress]);
    console.log(isNew ? `answered ${change.key}` : `${change.key} was answered before`);
  }
}

/** @param {Baton} baton @param {{ report: string }} handoff */
async function answer(baton, handoff) {
  const report = await read(baton, handoff.report, "report");
  return { words: report?.text?.trim().split(/\s+/).length ?? 0 };
}

/**
 * All of it or, where one is there already, nothing.
 * @param {Baton} baton @param {object[]} entries
 */
async function save(baton, entries) {
  try {
    if (entries.length > 0) await baton.query(SAVE, { entries });
    return true;
  } catch (error) {
    if (error instanceof BatonError && error.code === "CONFLICT") return false;
    throw error;
  }
}

/** @param {Baton} baton @param {string} namespace @param {string} key */
async function read(baton, namespace, key) {
  return (await baton.query(READ, { namespace, key })).entry?.value ?? null;
}

main().catch(fail);
