// A graph in another process that writes a summary of the reader's notes:
//   node --import tsx examples/langgraph/writer.ts
import {
  Annotation,
  END,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { BatonStore } from "baton-store/langgraph";
import { agent } from "../agent.ts";
import { notes, results } from "./library.ts";

const State = Annotation.Root({ titles: Annotation<string[]>, summary: Annotation<string> });

await agent("writer", async (store) => {
  // LangGraph's memory consists of ordinary entries: an agent without LangGraph can read, watch or wait for them.
  await store.namespace("langgraph:store:library:results").waitFor("read");

  async function recall(_: typeof State.State, config: LangGraphRunnableConfig) {
    const found =
      (await config.store?.search(notes, { filter: { words: { $gt: 0 } }, limit: 100 })) ?? [];
    return { titles: found.map(({ value }) => value.title as string) };
  }

  async function write({ titles }: typeof State.State, config: LangGraphRunnableConfig) {
    const summary = `${titles.length} pages: ${titles.join(", ")}`;
    await config.store?.put(results, "summary", { summary });
    return { summary };
  }

  const graph = new StateGraph(State)
    .addNode("recall", recall)
    .addNode("write", write)
    .addEdge(START, "recall")
    .addEdge("recall", "write")
    .addEdge("write", END)
    .compile({ store: new BatonStore(store) });

  const { summary } = await graph.invoke({});
  console.log(summary);
});
