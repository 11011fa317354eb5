import {
  Annotation,
  Command,
  END,
  InMemoryStore,
  MemorySaver,
  Send,
  START,
  StateGraph,
  interrupt,
  type BaseCheckpointSaver,
  type BaseStore,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { expect, test, vi } from "vitest";
import { createDataStore } from "../../src/client/index.ts";
import { BatonSaver, BatonStore } from "../../src/langgraph/index.ts";
import { blocksOf, codeIn } from "../document.ts";
import { startTestServer } from "../server.ts";
import { collect, storeOf } from "../sdk/sdk-store.ts";

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
});
type Config = LangGraphRunnableConfig;

/** A graph with a subgraph, parallel tasks, an interrupt and memory, as in LangGraph's documentation. */
function graphOf(checkpointer: BaseCheckpointSaver, store: BaseStore) {
  const inner = new StateGraph(State)
    .addNode("ask", () => ({ said: [`approved by ${interrupt("by whom?")}`] }))
    .addEdge(START, "ask")
    .compile({ checkpointer: true });
  return new StateGraph(State)
    .addNode("remember", async ({ said }: typeof State.State, config: Config) => {
      const namespace = ["memories", config.configurable?.user as string];
      await config.store?.put(namespace, said[0] ?? "", { data: said[0] });
      const found = (await config.store?.search(namespace, { limit: 5 })) ?? [];
      return { said: [`I know ${found.map(({ value }) => value.data).join()}`] };
    })
    .addNode("work", ({ said }: typeof State.State) => ({ said: [`worked on ${said.join()}`] }))
    .addNode("approve", inner)
    .addEdge(START, "remember")
    .addConditionalEdges("remember", () =>
      ["a", "b", "c"].map((one) => new Send("work", { said: [one] })),
    )
    .addEdge("work", "approve")
    .addEdge("approve", END)
    .compile({ checkpointer, store });
}

async function program(checkpointer: BaseCheckpointSaver, store: BaseStore): Promise<unknown[]> {
  const graph = graphOf(checkpointer, store);
  const config = { configurable: { thread_id: "1", user: "ann" } };
  const shown: unknown[] = [];
  await graph.invoke({ said: ["x"] }, config);
  const interrupted = await graph.getState(config, { subgraphs: true });
  shown.push(
    interrupted.next,
    interrupted.values,
    interrupted.tasks[0]?.interrupts.map(({ value }) => value),
  );
  shown.push(await graph.invoke(new Command({ resume: "Bob" }), config));
  const other = { configurable: { thread_id: "2", user: "ann" } };
  await graph.invoke({ said: ["y"] }, other);
  shown.push((await graph.getState(other)).values);

  const [before] = (await collect(graph.getStateHistory(config))).filter(({ next }) =>
    next.includes("work"),
  );
  const forked = await graph.updateState(before!.config, { said: ["changed"] }, "remember");
  await graph.invoke(null, forked);
  shown.push(await graph.invoke(new Command({ resume: "Eve" }), config));
  for (const { next, values, metadata } of await collect(graph.getStateHistory(config))) {
    shown.push([next, values, metadata?.source, metadata?.step]);
  }
  await checkpointer.deleteThread("1");
  shown.push(await collect(graph.getStateHistory(config)));
  return shown;
}

test("threads are interrupted, resumed and forked, and share memory, in the same way as with LangGraph's stores in memory", async () => {
  await using server = await startTestServer();
  const data = storeOf(server);
  const [saver, store] = [new BatonSaver(data), new BatonStore(data)];
  await Promise.all([saver.setup(), store.setup()]);
  const shown = await program(saver, store);
  expect(shown).toEqual(await program(new MemorySaver(), new InMemoryStore()));
  expect((shown[3] as typeof State.State).said.at(-1)).toBe("approved by Bob");
});

test("docs/langgraph.md compiles graphs that continue their threads", async () => {
  await using server = await startTestServer();
  vi.stubEnv("BATON_URL", server.url).stubEnv("BATON_TOKEN", server.token);
  const builder = new StateGraph(State)
    .addNode("echo", ({ said }: typeof State.State) => ({ said: [`${said.length}`] }))
    .addEdge(START, "echo");
  const programs = codeIn(await blocksOf("docs/langgraph.md", server), "ts");
  expect(programs).toHaveLength(2);
  const names = { BatonSaver, BatonStore, builder, createDataStore, token: server.token };
  for (const program of programs) {
    const body = program.replaceAll(/^import .*$/gm, "");
    // eslint-disable-next-line typescript/no-implied-eval -- The page is the subject of the test.
    const compiled = new Function(...Object.keys(names), `${body}; return graph;`);
    const graph = compiled(...Object.values(names)) as ReturnType<typeof builder.compile>;
    const config = { configurable: { thread_id: `page-${program.length}` } };
    await graph.invoke({ said: ["a"] }, config);
    expect(await graph.invoke({ said: ["b"] }, config)).toEqual({ said: ["a", "1", "b", "3"] });
  }
  vi.unstubAllEnvs();
});
