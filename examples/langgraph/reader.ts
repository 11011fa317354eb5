// A graph that reads each page when it is handed over, and stores a note about it:
//   node --import tsx examples/langgraph/reader.ts [count]
//
// Each page is a step of the graph, and each step is a checkpoint in Baton. A reader that was killed is started again
// with the same thread, and continues with the current page.
import { readFile } from "node:fs/promises";
import {
  Annotation,
  END,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { BatonSaver, BatonStore } from "baton-store/langgraph";
import { agent } from "../agent.ts";
import { notes, pagesOf, results, thread } from "./library.ts";

const [given = "5"] = process.argv.slice(2);
const count = Number(given);

const State = Annotation.Root({
  /** The number of pages that were read. */
  pages: Annotation<number>({ reducer: (_, next) => next, default: () => 0 }),
  words: Annotation<number>({ reducer: (sum, more) => sum + more, default: () => 0 }),
});

await agent("reader", async (store) => {
  async function read({ pages }: typeof State.State, config: LangGraphRunnableConfig) {
    const number = pages + 1;
    console.log(`waits for page ${number}`);
    const { value } = await pagesOf(store).waitFor(String(number));
    const text = await readFile(value.file, "utf8");
    const note = {
      title: text.split("\n", 1)[0]?.replace(/^#+ /, ""),
      words: text.split(/\s+/).length,
    };
    await config.store?.put(notes, value.file, note);
    return { pages: number, words: note.words };
  }

  async function finish({ pages, words }: typeof State.State, config: LangGraphRunnableConfig) {
    await config.store?.put(results, "read", { pages, words });
  }

  const graph = new StateGraph(State)
    .addNode("read", read)
    .addNode("finish", finish)
    .addEdge(START, "read")
    .addConditionalEdges("read", ({ pages }) => (pages < count ? "read" : "finish"))
    .addEdge("finish", END)
    .compile({ checkpointer: new BatonSaver(store), store: new BatonStore(store) });

  const { next, values } = await graph.getState(thread);
  const isResumed = next.length > 0;
  if (isResumed) console.log(`resumes after page ${values.pages}`);
  // "sync": a step begins when the previous checkpoint is stored. Otherwise it is stored during the step.
  const options = { ...thread, streamMode: "updates", durability: "sync" } as const;
  const steps = await graph.stream(isResumed ? null : {}, options);
  for await (const step of steps) {
    if (step.read) console.log(`read page ${step.read.pages}: ${step.read.words} words`);
  }
});
