// Two graphs in two processes share memory. The reader is killed in the middle, and resumes from its checkpoint:
//   node --import tsx examples/langgraph/run.ts
import assert from "node:assert/strict";
import { BatonSaver } from "baton-store/langgraph";
import { AgentProcess, play, say } from "../agent-process.ts";
import { pagesOf, thread } from "./library.ts";

const files = ["quick-start", "coordination", "mcp", "search", "scaling"].map(
  (name) => `docs/${name}.md`,
);

await play(async (store) => {
  const pages = pagesOf(store);
  const start = (name: "reader" | "writer") =>
    new AgentProcess(name, new URL(`${name}.ts`, import.meta.url));
  const handOver = async (from: number, to: number) => {
    for (let at = from; at <= to; at++) await pages.set(String(at), { file: files[at - 1] ?? "" });
  };
  // Removes the data of earlier runs.
  await pages.clear();
  await store.clear("langgraph:store:library");
  await new BatonSaver(store).deleteThread(thread.configurable.thread_id);

  const writer = start("writer");
  const first = start("reader");
  await handOver(1, 2);
  await first.said("waits for page 3");
  await first.kill(); // In the middle of a step.
  say("run", "killed the reader");

  await handOver(3, files.length);
  const second = start("reader");
  assert.equal(await second.exit, 0, "The reader failed.");
  assert.equal(await writer.exit, 0, "The writer failed.");
  assert.equal(second.lines[0], "resumes after page 2");
  assert.equal(second.lines.filter((line) => line.startsWith("read page")).length, 3);
  say("run", "no page was read twice");
});
