import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { query } from "../client.ts";
import { get, wholeLog } from "../operations.ts";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { msUntil, serveInstances } from "./instances.ts";

const script = fileURLToPath(new URL("claim-worker.mjs", import.meta.url));
const taskCount = 100;
const workerCount = 8;
/** Even, so that the last kill is at the first post. */
const killCount = 4;
/** Longer than a test. */
const stuckMs = 10_000_000;
/** Long enough for a worker to start while tasks remain. */
const usualMs = 50;
const tasks = Array.from({ length: taskCount }, (_, index) => `task-${index}`).sort();

interface Granted {
  readonly name: string;
  readonly key: string;
  readonly token: string;
  readonly attempt: number;
  readonly expiresAt: string;
}

/** A worker in a separate process. */
class WorkerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
  #stdout = "";

  constructor(name: string, workMs: number, token: string, urls: readonly string[]) {
    this.child = spawn(
      process.execPath,
      [script, name, String(taskCount), String(workMs), token, ...urls],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let stderr = "";
    this.child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (this.#stdout += chunk));
    this.child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    this.ended = once(this.child, "close").then(([code]) => ({
      code: code as number | null,
      stderr,
    }));
  }

  /** The grants that it printed. The last line of a killed worker can be cut off. */
  get granted(): Granted[] {
    const lines = this.#stdout.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Granted);
  }
}

test.each([
  { name: "one server on SQLite", create: createSqlite, count: 1 },
  { name: "two servers on one PostgreSQL", create: () => createPostgres(), count: 2 },
])(
  "G5 G6: $name: 8 worker processes, killed with -9 again and again, complete each of 100 tasks once",
  async ({ create, count }) => {
    await using own = await create();
    const args = Array.from({ length: count }, () => [own.url]);
    await using instances = await serveInstances(...args);
    const servers = instances.all;
    const [server] = servers as readonly [(typeof servers)[number]];
    await query(
      server,
      `mutation ($input: SetEntriesInput!) { setEntries(input: $input) { revision } }`,
      { input: { namespace: "work", entries: tasks.map((key) => ({ key, value: "to do" })) } },
    );

    const all: WorkerProcess[] = [];
    const start = (workMs = usualMs) => {
      const urls = servers.map(({ url }) => url);
      const worker = new WorkerProcess(`worker-${all.length}`, workMs, server.token, urls);
      all.push(worker);
      return worker;
    };
    // Workers at the first post complete no task, so that some are killed while they hold one.
    const posts = Array.from({ length: workerCount }, (_, post) =>
      start(post === 0 ? stuckMs : usualMs),
    );
    try {
      for (let kills = 1; kills <= killCount; kills++) {
        const target = (kills * taskCount) / (killCount + 2);
        await msUntil(async () => ((await get(server, "count", "work"))?.value ?? 0) >= target);
        const post = kills % 2 === 0 ? 0 : 1 + Math.floor(Math.random() * (workerCount - 1));
        // If the other workers were fast, no task is left for this one.
        const isDone = async () => (await get(server, "count", "work"))?.value === taskCount;
        if (post === 0) {
          await msUntil(async () => (posts[0]?.granted.length ?? 0) > 0 || (await isDone()));
        }
        posts[post]?.child.kill("SIGKILL");
        posts[post] = start(post === 0 && kills < killCount ? stuckMs : usualMs);
      }
      for (const { ended } of posts) expect(await ended).toEqual({ code: 0, stderr: "" });
    } finally {
      for (const { child } of all) child.kill("SIGKILL");
    }

    expect((await get(server, "count", "work"))?.value).toBe(taskCount);
    expect((await get(server, "results", "work"))?.value.sort()).toEqual(tasks);
    const granted = new Map(
      all.flatMap((worker) => worker.granted).map((grant) => [grant.token, grant]),
    );
    expect(granted.size).toBe(all.flatMap((worker) => worker.granted).length);
    const log = await wholeLog(server);
    for (const key of tasks) {
      const [made, completed, ...others] = log.filter((change) => change.key === key);
      expect([made?.entry.value, others]).toEqual(["to do", []]);
      const { by, attempt } = completed?.entry.value ?? {};
      expect(completed?.agent).toBe(by);
      // The task was not granted again later, and not to another worker at the same time.
      const of = [...granted.values()].filter((grant) => grant.key === key);
      expect(Math.max(...of.map((grant) => grant.attempt))).toBe(attempt);
      expect(of.filter((grant) => grant.attempt === attempt).map(({ name }) => name)).toEqual([by]);
    }
    expect(granted.size).toBeGreaterThan(taskCount);
  },
  60_000,
);
