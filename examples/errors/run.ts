// Four tasks: one fails once, one always fails, and one kills its worker. Two workers, which are started again when
// they die, a summary that waits for all tasks, and a supervisor: node --import tsx examples/errors/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";
import { jobOf } from "./job.ts";

await play(async (store) => {
  const job = `run-${Date.now()}`;
  const { work, results, deadLetters } = jobOf(store, job);
  const start = (name: string, program: string, ...args: string[]) =>
    new AgentProcess(name, new URL(`${program}.ts`, import.meta.url), [job, ...args]);

  const supervisor = start("supervisor", "supervisor");
  await supervisor.said("watching");
  const csv = "city,country\nLyon,France\nBergen,Norway\n";
  await work.setMany({
    "task:clean": { csv },
    "task:busy": { csv, breaks: "first attempt" },
    "task:headless": { csv, breaks: "every attempt" },
    "task:deadly": { csv, breaks: "worker" },
  });
  const goodTasks = start("summary", "summary", "clean", "busy");

  const workers = ["worker-1", "worker-2"].map((name) =>
    keepRunning(name, () => start(name, "worker", name)),
  );

  assert.equal(await goodTasks.exit, 0);
  assert.deepEqual(await results.get("summary"), { ok: true, value: { rows: 4 } });
  assert.equal(await start("summary", "summary", "clean", "headless", "deadly").exit, 0);
  assert.equal((await results.get("summary"))?.ok, false);
  await Promise.all(workers.map((worker) => worker.stop()));
  assert.deepEqual(await deadLetters.keys(), ["task:deadly", "task:headless"]);
  await supervisor.said(deadLetters.name, 2);
  await supervisor.kill("SIGTERM");
  say("run", "the summary received every outcome, and the tasks that failed are dead letters");
});

/** Starts a program, and starts it again whenever it dies. */
function keepRunning(name: string, begin: () => AgentProcess) {
  let current = begin();
  let isStopped = false;
  const ended = (async () => {
    for (;;) {
      await current.exit;
      if (isStopped) return;
      say("run", `${name} died, and is started again`);
      current = begin();
    }
  })();
  return {
    async stop(): Promise<void> {
      isStopped = true;
      await current.kill("SIGTERM");
      await ended;
    },
  };
}
