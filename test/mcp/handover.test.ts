import { afterAll, beforeAll, expect, test } from "vitest";
import { subscribeBySse } from "../client.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { McpClient } from "./mcp-client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const namespace = "pipeline:job-7";

test("two agents hand work over only through MCP, while a third watches through GraphQL", async () => {
  await using watcher = await subscribeBySse(
    server,
    "subscription ($namespace: String!) { entryChanged(namespace: $namespace) { kind key agent entry { value } } }",
    { namespace },
  );
  // One uses the stateless protocol, the other a 2025 version.
  await using planner = await McpClient.connect(server, { era: "2026-07-28", name: "planner" });
  await using worker = await McpClient.connect(server, { era: "2025", name: "worker" });

  const working = (async () => {
    await worker.call("wait_for", { namespace, key: "ready" });
    for (;;) {
      const task = await worker.call("claim_task", { namespace, keyPrefix: "task:" });
      if (!task.claimed) break;
      const { key, token, value } = task;
      const done = { namespace, key, token, outcome: "complete" };
      await worker.call("finish_task", { ...done, value: { ...value, words: 3 } });
      await worker.call("update", { namespace, key: "done", action: "increment" });
    }
    await worker.call("set", { namespace, key: "report", value: "all done" });
  })();

  const writes = [1, 2].map((id) => ({
    action: "set",
    namespace,
    key: `task:${id}`,
    value: { text: `text ${id}` },
  }));
  await planner.call("write_many", { writes });
  await planner.call("set", { namespace, key: "ready", value: true });
  expect(await planner.call("wait_for", { namespace, key: "report" })).toMatchObject({
    value: "all done",
    updatedBy: "worker",
  });
  await working;

  const step = (agent: string, key: string, value: unknown) => ({
    kind: "SET",
    key,
    agent,
    entry: { value },
  });
  expect(await watcher.take(8)).toEqual([
    step("planner", "task:1", { text: "text 1" }),
    step("planner", "task:2", { text: "text 2" }),
    step("planner", "ready", true),
    step("worker", "task:1", { text: "text 1", words: 3 }),
    step("worker", "done", 1),
    step("worker", "task:2", { text: "text 2", words: 3 }),
    step("worker", "done", 2),
    step("worker", "report", "all done"),
  ]);
});
