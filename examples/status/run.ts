// Three agents and a monitor. One agent is killed, and the monitor reports it when the agent's status expires:
//   node --import tsx examples/status/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";
import { statusesOf, type Statuses } from "./status.ts";

await play(async (store) => {
  const job = `run-${Date.now()}`;
  const isTerminal = process.stdout.isTTY;
  const monitor = new AgentProcess(
    "monitor",
    new URL("monitor.ts", import.meta.url),
    [job, "3"],
    isTerminal ? "terminal" : "lines",
  );
  const worker = (name: string, steps: number) =>
    new AgentProcess(
      name,
      new URL("worker.ts", import.meta.url),
      [job, name, String(steps)],
      isTerminal ? "nothing" : "lines",
    );
  const reader = worker("reader", 12);
  const parser = worker("parser", 20);
  const indexer = worker("indexer", 16);

  const statuses = store.namespace<Statuses>(statusesOf(job));
  for await (const { entry } of statuses.watch({ key: "parser", snapshot: true })) {
    if (entry && entry.value.step >= 4) break;
  }
  await parser.kill();
  if (!isTerminal) say("run", "killed the parser: it sends no more heartbeats");

  assert.equal(await monitor.exit, 1, "The monitor must end with 1, because an agent died.");
  assert.deepEqual([await reader.exit, await indexer.exit], [0, 0]);
  assert.deepEqual(await statuses.keys(), ["indexer", "reader"]);
  say("run", "the dead agent's status expired; the others are done");
});
