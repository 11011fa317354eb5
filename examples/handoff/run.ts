// A producer and a consumer in two processes. The consumer is killed in the middle, and started again after the
// producer has handed over everything: node --import tsx examples/handoff/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";

await play(async () => {
  const start = (name: "consumer" | "producer") =>
    new AgentProcess(name, new URL(`${name}.ts`, import.meta.url));

  const first = start("consumer");
  const producer = start("producer");
  const killed = first.said("woke").then(async () => {
    await first.kill();
    say("run", "killed the consumer");
  });
  await Promise.all([killed, producer.said("waiting")]);

  say("run", "starts the consumer again");
  const second = start("consumer");
  assert.equal(await producer.exit, 0, "The producer failed.");
  await second.kill("SIGTERM");
  say("run", "every report was answered");
});
