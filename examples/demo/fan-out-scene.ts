import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { DataStore, EntryWritten } from "baton-store/client";
import { namespacesOf, type Progress, type Task } from "../fan-out/job.ts";
import { countWords, merge } from "../fan-out/words.ts";
import type { Cast } from "./cast.ts";
import { endBar, handedOver, incident, progress, proved, title } from "./screen.ts";

const workers = ["worker-1", "worker-2", "worker-3", "worker-4"];
const paceMs = "200";
/** The pace of a worker that does not finish. While it lives, it renews the lease of its task. */
const stuckPaceMs = "600000";
const folder = fileURLToPath(new URL("../../docs/", import.meta.url));
const files = ["coordination", "guarantees", "running"].map((name) => `${folder}${name}.md`);

/** Workers share some pages of `docs`. One is killed with a task. Returns a function that prints the results. */
export async function playFanOut(
  store: DataStore,
  cast: Cast,
  namespace: string,
): Promise<() => void> {
  title("A fan-out. A worker is killed while it has a task, and another takes it over.");
  const { job, tasks } = namespacesOf(store, namespace);
  const results = new Map<string, EntryWritten<Task>>();
  let total = 0;
  let isKilled = false;

  const stuck = cast.start("fan-out/worker", "stuck", namespace, stuckPaceMs);
  cast.start("fan-out/collector", namespace);
  cast.start("fan-out/splitter", namespace, ...files);
  await stuck.said("took ");
  const [, held = ""] = /^took (\S+),/.exec(stuck.lines[0] ?? "") ?? [];
  const others = workers.map((name) => cast.start("fan-out/worker", name, namespace, paceMs));
  await follow();
  endBar();

  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const direct = merge(texts.map(countWords));
  assert.deepEqual(
    await job.get("result"),
    direct,
    "The result differs from that of a single process.",
  );
  assert.equal(results.size, total, "Not every task was done.");
  const takenOver = results.get(held);
  assert.ok(takenOver && attemptOf(takenOver) > 1, `${held} was not taken over.`);
  for (const worker of others) assert.equal(await worker.exit, 0);
  return () => {
    proved(`${total} tasks, each completed once; the counter in the store is ${total}`);
    proved(`${held}, which the killed worker held, was done at attempt ${attemptOf(takenOver)}`);
    proved("the merged result is the one that a single process finds");
  };

  /** Shows the changes of the store until the result exists. */
  async function follow(): Promise<void> {
    for await (const change of store.watch({ namespacePrefix: namespace, snapshot: true })) {
      if (!change.entry) continue;
      if (change.namespace === tasks.name) showResult(change as EntryWritten<Task>);
      else if (change.key === "progress") await showProgress(change as EntryWritten<Progress>);
      if (change.key !== "result") continue;
      handedOver(change.agent ?? "collector", "demo", "the merged result");
      return;
    }
  }

  function showResult(change: EntryWritten<Task>): void {
    const { agent, key, entry } = change;
    if (entry.value.words === undefined) return; // The splitter wrote it.
    assert.ok(!results.has(key), `${key} was done twice.`);
    results.set(key, change);
    const attempt = key === held ? `, attempt ${attemptOf(change)}: taken over` : "";
    handedOver(agent ?? "worker", "collector", `${key} of ${entry.value.document}${attempt}`);
  }

  /** Moves the bar by the counter in the store. */
  async function showProgress({ agent, entry }: EntryWritten<Progress>): Promise<void> {
    const { completed } = entry.value;
    if (total === 0) {
      total = entry.value.total;
      handedOver(agent ?? "splitter", "workers", `${total} tasks of ${files.length} documents`);
      incident(`${held} is held by a worker that does not finish it`);
    }
    progress(completed, total);
    if (isKilled || completed < total / 4) return;
    isKilled = true;
    await stuck.kill();
    incident(`killed that worker: ${held} is free again when its lease ends, within 3 seconds`);
  }
}

function attemptOf({ entry }: EntryWritten<Task>): number {
  return Number(entry.metadata.attempt);
}
