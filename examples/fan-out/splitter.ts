// Cuts documents into tasks: node --import tsx examples/fan-out/splitter.ts [namespace] [file…]
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConflictError } from "baton-store/client";
import { agent } from "../agent.ts";
import { namespacesOf, ttlSeconds, type Task } from "./job.ts";
import { split } from "./words.ts";

const [namespace, ...given] = process.argv.slice(2);
/** The default documents. */
const pages = ["coordination.md", "guarantees.md", "running.md", "scaling.md"];
const folder = fileURLToPath(new URL("../../docs", import.meta.url));

await agent("splitter", async (store) => {
  const { job, tasks } = namespacesOf(store, namespace);
  const files = given.length > 0 ? given : pages.map((page) => join(folder, page));
  const all: Task[] = [];
  for (const file of files) {
    const pieces = split(await readFile(file, "utf8"));
    all.push(...pieces.map((text) => ({ document: basename(file), text })));
  }
  try {
    // In one transaction: no agent ever sees half a job, and a second splitter changes nothing. A transaction has at
    // most 1,000 operations. A larger job would need several, with the progress in the last one.
    await store.transact((t) => {
      t.in(job).require("progress", { exists: false });
      for (const [index, task] of all.entries()) {
        t.in(tasks).set(`task:${String(index + 1).padStart(4, "0")}`, task, { ttlSeconds });
      }
      const progress = { total: all.length, completed: 0, failed: 0 };
      t.in(job).set("progress", progress, { ttlSeconds });
    });
    console.log(`made ${all.length} tasks of ${files.length} documents`);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    console.log(`${job.name} was split before`);
  }
});
