// A splitter, four workers and a collector; one worker is killed while it has a task:
//   node --import tsx examples/fan-out/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";
import { namespacesOf } from "./job.ts";

await play(async (store) => {
  const namespace = `fan-out:run-${Date.now()}`;
  const start = (name: string, program: string, ...args: string[]) =>
    new AgentProcess(name, new URL(`${program}.ts`, import.meta.url), args);

  const collector = start("collector", "collector", namespace);
  const workers = ["worker-1", "worker-2", "worker-3", "worker-4"].map((name) =>
    start(name, "worker", name, namespace),
  );
  const splitter = start("splitter", "splitter", namespace);
  const [victim, ...others] = workers as [AgentProcess, ...AgentProcess[]];
  await victim.said("took", 3);
  await victim.kill();
  say("run", "killed worker-1: another worker can claim its task when the lease ends");

  const ends = [splitter, collector, ...others].map(({ exit }) => exit);
  assert.deepEqual(await Promise.all(ends), [0, 0, 0, 0, 0], "One of the agents failed.");
  const { job, tasks } = namespacesOf(store, namespace);
  const progress = await job.get("progress");
  for (const key of await tasks.keys()) {
    const agents: (string | null)[] = [];
    for await (const change of tasks.history(key)) agents.push(change.agent);
    assert.equal(agents.length, 2, `${key} was not done once, but by ${agents.join(", ")}`);
  }
  assert.deepEqual({ ...progress, failed: 0 }, progress);
  assert.equal(progress?.completed, progress?.total);
  say("run", `each of ${progress?.total} tasks was done once`);
});
