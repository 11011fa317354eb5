// Two Deep Agents share long-term memory in Baton: one writes files under /memories/, and the other reads them in
// another thread. Both could be separate processes on different machines:
//   node --import tsx examples/deep-agents/run.ts
import assert from "node:assert/strict";
import { BatonSaver, BatonStore } from "baton-store/langgraph";
import type { DataStore } from "baton-store/client";
import { CompositeBackend, createDeepAgent, StateBackend, StoreBackend } from "deepagents";
import { agent } from "../agent.ts";
import { ScriptedModel, type Turn } from "./scripted-model.ts";

/** An agent whose files under /memories/ are items of Baton, and whose other files are those of its thread. */
function deepAgent(store: DataStore, turns: readonly Turn[]) {
  return createDeepAgent({
    model: new ScriptedModel(turns),
    store: new BatonStore(store),
    checkpointer: new BatonSaver(store),
    backend: new CompositeBackend(new StateBackend(), {
      "/memories/": new StoreBackend({ namespace: ["deep-agents", "memories"] }),
    }),
  });
}

async function ask(of: ReturnType<typeof deepAgent>, thread: string, content: string) {
  const config = { configurable: { thread_id: thread } };
  const { messages } = await of.invoke({ messages: [{ role: "user", content }] }, config);
  return messages.at(-1)?.text ?? "";
}

await agent("deep-agents", async (store) => {
  // Removes the data of earlier runs.
  await store.namespace("langgraph:store:deep-agents:memories").clear();
  for (const thread of ["writer", "reader"]) await new BatonSaver(store).deleteThread(thread);

  const writer = deepAgent(store, [
    {
      tool: "write_file",
      args: { file_path: "/memories/style.md", content: "Answer in one line." },
    },
    { tool: "write_file", args: { file_path: "/draft.md", content: "Only for this thread." } },
    { answer: () => "I will remember that." },
  ]);
  console.log(`writer: ${await ask(writer, "writer", "Remember to answer in one line.")}`);

  const reader = deepAgent(store, [
    { tool: "read_file", args: { file_path: "/memories/style.md" } },
    { answer: (result) => `I read: ${result}` },
  ]);
  const answer = await ask(reader, "reader", "How shall you answer?");
  console.log(`reader: ${answer}`);
  assert.match(
    answer,
    /Answer in one line\./,
    "The reader does not know what the writer remembers.",
  );

  // Other kinds of agents can read the same memory.
  const files = await store.namespace("langgraph:store:deep-agents:memories").keys();
  console.log(`in Baton: ${files.join(", ")}`);
  assert.deepEqual(files, ["/style.md"]);
});
