import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Hub } from "../../src/feed/hub.ts";
import { plainDatabases } from "../databases.ts";
import { get as read, set as write } from "../operations.ts";
import type { TestServer } from "../server.ts";
import { eras, McpClient } from "./mcp-client.ts";

const cases = plainDatabases.flatMap(({ name, start }) =>
  eras.map((era) => ({ name, start, era })),
);

describe.each(cases)("MCP of $era on $name", ({ start, era }) => {
  let server: TestServer;
  let agent: McpClient;
  beforeAll(async () => {
    server = await start();
    agent = await McpClient.connect(server, { era, name: "researcher" });
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await server.close();
  });

  test("there are at most twelve tools, each with a description and a JSON Schema of its arguments", async () => {
    const { tools } = await agent.client.listTools();
    expect(tools.length).toBeLessThanOrEqual(12);
    for (const { name, description, inputSchema, annotations } of tools) {
      expect(name).toMatch(/^baton_[a-z_]+$/);
      expect(description?.length).toBeGreaterThan(40);
      expect(inputSchema.type).toBe("object");
      expect(annotations?.readOnlyHint).toBeTypeOf("boolean");
    }
    expect(agent.client.getInstructions()).toContain("Baton");
  });

  test("lists keys and claims tasks by their values", async () => {
    const namespace = "by-value";
    await agent.call("set", { namespace, key: "a", value: { state: "open", size: 1 } });
    await agent.call("set", { namespace, key: "b", value: { state: "done", size: 2 } });
    const where = [{ path: "/state", op: "EQ", value: "open" }];
    const { keys } = await agent.call("list_keys", { namespace, where });
    expect(keys).toMatchObject([{ key: "a" }]);
    const task = await agent.call("claim_task", {
      namespace,
      where: [{ path: "/size", op: "GT", value: 1 }],
    });
    expect(task).toMatchObject({ claimed: true, key: "b" });
    const none = await agent.call("claim_task", {
      namespace,
      where: [{ path: "/none", op: "EXISTS" }],
    });
    expect(none).toMatchObject({ claimed: false });
  });

  test("reads an earlier state by the revisions that the history lists", async () => {
    const namespace = "past";
    await agent.call("set", { namespace, key: "a", value: "first" });
    await agent.call("set", { namespace, key: "a", value: "second" });
    await agent.call("set", { namespace, key: "b", value: 1 });
    await agent.call("delete", { namespace, key: "a" });
    const { changes } = await agent.call("history", { namespace });
    const [, , second, first] = changes as { revision: string }[];
    const at = (change: { revision: string } | undefined) => ({ namespace, at: change?.revision });
    expect(await agent.call("get", { key: "a", ...at(first) })).toMatchObject({ value: "first" });
    expect(await agent.call("get", { key: "a", ...at(second) })).toMatchObject({ value: "second" });
    expect(await agent.call("get", { key: "b", ...at(second) })).toMatchObject({
      found: false,
      at: second?.revision,
      next: expect.stringContaining("baton_history"),
    });
    expect((await agent.call("list_keys", at(second))).keys).toMatchObject([{ key: "a" }]);
    expect((await agent.call("list_keys", { namespace })).keys).toMatchObject([{ key: "b" }]);
  });

  test("lists namespaces by a pattern, page by page", async () => {
    const names = ["p:1:in", "p:1:out", "p:2:in", "p:2:x:in", "q:1:in"];
    const writes = names.map((namespace) => ({ action: "set", namespace, key: "k", value: 1 }));
    await agent.call("write_many", { writes });
    const listed = async (pattern: string) => {
      const found: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await agent.call("list_namespaces", { pattern, first: 1, after });
        found.push(...page.namespaces.map(({ name }: { name: string }) => name));
        if (!page.hasMore) return found;
        after = JSON.parse(/after: (".*")/.exec(page.next)?.[1] ?? "") as string;
      }
    };
    expect(await listed("p:*:in")).toEqual(["p:1:in", "p:2:in"]);
    expect(await listed("p:**")).toEqual(names.slice(0, 4));
    expect(await listed("**:in")).toEqual(["p:1:in", "p:2:in", "p:2:x:in", "q:1:in"]);
    expect(await agent.refused("list_namespaces", { pattern: "**:a:**" })).toMatchObject({
      argument: "pattern",
      message: expect.stringMatching(/^pattern: /),
    });
  });

  test("sets, reads, finds, lists, changes and deletes a value", async () => {
    const namespace = "life";
    const value = { title: "Fermentation", parts: [1, 2], done: 0 };
    const set = await agent.call("set", { namespace, key: "report", value, metadata: { a: 1 } });
    expect(set).toMatchObject({ namespace, key: "report", isNew: true });
    expect(await agent.call("get", { namespace, key: "report" })).toEqual({
      found: true,
      namespace,
      key: "report",
      value,
      revision: set.revision,
      updatedBy: "researcher",
      updatedAt: expect.any(String),
      metadata: { a: 1 },
    });
    expect(await agent.call("get", { namespace, key: "report", path: "/parts/1" })).toMatchObject({
      path: "/parts/1",
      value: 2,
    });
    const listed = await agent.call("list_keys", { namespace });
    expect(listed).toMatchObject({ hasMore: false, keys: [{ key: "report" }] });
    const { namespaces } = await agent.call("list_namespaces", { prefix: "li" });
    expect(namespaces).toMatchObject([{ name: namespace, entryCount: 1, agents: ["researcher"] }]);
    const found = await agent.call("search", { text: "ferment" });
    expect(found.results).toMatchObject([{ namespace, key: "report", path: "/title" }]);

    const change = (args: object) => agent.call("update", { namespace, key: "report", ...args });
    expect(await change({ action: "increment", path: "/done", by: 2 })).toMatchObject({
      value: { ...value, done: 2 },
    });
    expect(await change({ action: "patch", patch: { title: null } })).toMatchObject({
      value: { parts: [1, 2], done: 2 },
    });
    const log = { namespace, key: "log", action: "append" };
    expect(await agent.call("update", { ...log, value: "a" })).toMatchObject({ value: ["a"] });

    const { changes, hasMore } = await agent.call("history", {
      namespace,
      key: "report",
      first: 2,
    });
    expect(hasMore).toBe(true);
    expect(changes).toMatchObject([
      { kind: "SET", agent: "researcher", value: { parts: [1, 2], done: 2 } },
      { kind: "SET" },
    ]);
    expect(await agent.call("delete", { namespace, key: "report" })).toMatchObject({
      deleted: true,
    });
    expect(await agent.call("delete", { namespace, key: "report" })).toMatchObject({
      deleted: false,
    });
    expect(await agent.call("get", { namespace, key: "report" })).toMatchObject({
      found: false,
      next: expect.stringContaining("baton_list_keys"),
    });
  });

  test("applies several writes in one step, all or nothing", async () => {
    const namespace = "batch";
    const writes = [
      { action: "set", namespace, key: "a", value: 1 },
      { action: "append", namespace, key: "b", value: null },
      { action: "increment", namespace, key: "a", by: 2 },
    ];
    expect((await agent.call("write_many", { writes })).results).toHaveLength(3);
    expect(await agent.call("get", { namespace, key: "a" })).toMatchObject({ value: 3 });
    expect(await agent.call("get", { namespace, key: "b" })).toMatchObject({ value: [null] });
    const conditions = [{ namespace, key: "a", exists: false }];
    const unmet = await agent.refused("write_many", { writes, conditions });
    expect(unmet).toMatchObject({ code: "CONFLICT", argument: "conditions.0", key: "a" });
    const wrong = [writes[0], { action: "append", namespace, key: "a", value: 1 }];
    const refused = await agent.refused("write_many", { writes: wrong });
    expect(refused).toMatchObject({ code: "BAD_USER_INPUT", argument: "writes.1" });
    expect(refused.message).toMatch(/^writes\.1: /);
    expect(await agent.call("get", { namespace, key: "a" })).toMatchObject({ value: 3 });
  });

  test("G7: a conflict shows the current value and revision, and says what to do", async () => {
    const { revision } = await agent.call("set", { key: "contested", value: "first" });
    const conflict = await agent.refused("set", { key: "contested", value: 2, ifRevision: "0" });
    expect(conflict).toMatchObject({
      code: "CONFLICT",
      currentRevision: revision,
      current: { value: "first" },
      next: expect.stringContaining("ifRevision"),
    });
    const input = { key: "contested", value: 2, ifRevision: revision };
    expect(await agent.call("set", input)).toMatchObject({ isNew: false });
  });

  test("G11: one agent claims a task, and completes, releases or fails it", async () => {
    const namespace = "tasks";
    await using other = await McpClient.connect(server, { era, name: "other" });
    await agent.call("set", { namespace, key: "task:1", value: { url: "u" } });
    const claim = await agent.call("claim_task", { namespace, keyPrefix: "task:" });
    expect(claim).toMatchObject({ claimed: true, key: "task:1", value: { url: "u" }, attempt: 1 });
    expect(await other.call("claim_task", { namespace })).toMatchObject({ claimed: false });
    const held = { namespace, key: "task:1", token: claim.token as string };
    expect(await agent.call("finish_task", { ...held, outcome: "renew" })).toHaveProperty(
      "leaseEndsAt",
    );
    const given = { ...held, outcome: "release", delaySeconds: 0 };
    expect(await agent.call("finish_task", given)).toHaveProperty("claimableAt");
    const second = await other.call("claim_task", { namespace });
    const failed = { ...held, token: second.token, outcome: "fail", error: "why", delaySeconds: 0 };
    await other.call("finish_task", failed);
    const third = await agent.call("claim_task", { namespace });
    expect(third).toMatchObject({ attempt: 3, lastError: "why" });
    expect(await other.refused("finish_task", { ...held, outcome: "complete" })).toMatchObject({
      code: "CLAIM_LOST",
      next: expect.stringContaining("baton_claim_task"),
    });
    const done = { ...held, token: third.token, outcome: "complete", value: { rows: 3 } };
    const completed = await agent.call("finish_task", done);
    expect(await agent.call("finish_task", done)).toEqual(completed);
    expect(await read(server, "task:1", namespace)).toMatchObject({ value: { rows: 3 } });
    expect(await agent.call("claim_task", { namespace })).toMatchObject({ claimed: false });
  });

  test("wait_for returns the value that another agent sets, and says how to continue after its timeout", async () => {
    const attach = vi.spyOn(Hub.prototype, "attach");
    const waiting = agent.call("wait_for", { key: "signal" });
    while (attach.mock.calls.length === 0) await turn();
    attach.mockRestore();
    const { entry } = await write(server, { key: "signal", value: "go" });
    const { revision } = await waiting;
    expect(await waiting).toMatchObject({ found: true, value: "go", revision: entry.revision });
    const newer = { key: "signal", after: revision, timeoutSeconds: 0 };
    expect(await agent.call("wait_for", newer)).toMatchObject({
      found: false,
      next: expect.stringContaining(`after: "${revision}"`),
    });
  });

  test("G13: a value is returned as the text that was sent", async () => {
    const value = '{"b":1.0,"a":12345678901234567890123,"__proto__":-0,"e":1e400}';
    const message = (name: string, args: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;
    const send = async (body: string) => {
      const response = await fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${server.token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
        },
        body,
      });
      return response.text();
    };
    await send(message("baton_set", `{"key":"exact","value":${value}}`));
    expect(await send(message("baton_get", '{"key":"exact"}'))).toContain(`"value":${value}`);
    expect((await agent.answer("get", { key: "exact" })).text).toContain(`"value":${value}`);
    const twice = await send(message("baton_set", '{"key":"exact","value":{"a":1,"a":2}}'));
    expect(JSON.parse(twice).error.data).toMatchObject({ code: "BAD_USER_INPUT" });
  });

  test("a long value is cut, and its parts can be read one after the other", async () => {
    const value = { text: "x🙂".repeat(12_000), last: 1 };
    await write(server, { key: "long", value });
    let json = "";
    for (let next: Record<string, any> = { offset: 0 }; ;) {
      const part = await agent.call("get", { key: "long", offset: next.offset });
      json += part.valuePart;
      if (json.length === part.totalCharacters) break;
      expect(part.valuePart.length).toBeLessThanOrEqual(16_000);
      next = { offset: Number(/offset: (\d+)/.exec(part.next)![1]) };
    }
    expect(JSON.parse(json)).toEqual(value);
    expect(await agent.call("get", { key: "long", path: "/last" })).toMatchObject({ value: 1 });
    const { changes } = await agent.call("history", { key: "long" });
    expect(changes[0].valuePart).toHaveLength(1_000);
    expect(changes[0].next).toContain("baton_get");
  });

  test("an error names the invalid argument and the expected type", async () => {
    expect(await agent.refused("get", {})).toMatchObject({
      code: "BAD_USER_INPUT",
      argument: "key",
      message: "key: Is required: a string.",
      next: expect.any(String),
    });
    expect(await agent.refused("get", { key: 1 })).toMatchObject({ argument: "key" });
    expect(await agent.refused("get", { key: "k", name: "n" })).toMatchObject({
      argument: "name",
      message: expect.stringContaining("namespace, key, path, offset"),
    });
    expect(await agent.refused("set", { key: "k" })).toMatchObject({ argument: "value" });
    expect(await agent.refused("set", { key: "", value: 1 })).toMatchObject({ argument: "key" });
    expect(await agent.refused("list_keys", { first: 100_000 })).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxPageSize",
    });
    await expect(agent.answer("no_such_tool")).rejects.toThrow(/baton_get, baton_set/);
  });

  test("G1: scopes and namespaces of the token are enforced by every tool", async () => {
    await write(server, { namespace: "theirs", key: "k", value: 1 });
    const namespacePatterns = ["mine:*"];
    const limited = await server.createToken({ namespacePatterns });
    await using outsider = await McpClient.connect(
      { url: server.url, token: limited.secret },
      { era },
    );
    const place = { namespace: "theirs", key: "k" };
    const writes = [{ action: "clear", namespace: "theirs" }];
    for (const [tool, args] of [
      ["get", place],
      ["set", { ...place, value: 1 }],
      ["delete", place],
      ["list_keys", { namespace: "theirs" }],
      ["update", { ...place, action: "increment" }],
      ["wait_for", place],
      ["claim_task", { namespace: "theirs" }],
      ["finish_task", { ...place, token: "t", outcome: "complete" }],
      ["history", { namespace: "theirs" }],
      ["write_many", { writes }],
    ] as const) {
      expect(await outsider.refused(tool, args)).toMatchObject({ code: "FORBIDDEN" });
    }
    expect(await outsider.call("list_namespaces")).toMatchObject({ namespaces: [] });
    expect(await outsider.call("search", { text: "theirs" })).toMatchObject({ results: [] });

    const readOnly = await server.createToken({ scopes: ["read"] });
    await using reader = await McpClient.connect(
      { url: server.url, token: readOnly.secret },
      { era },
    );
    expect(await reader.call("get", place)).toMatchObject({ value: 1 });
    expect(await reader.refused("set", { ...place, value: 2 })).toMatchObject({
      code: "FORBIDDEN",
    });
    const writeOnly = await server.createToken({ scopes: ["write"] });
    await using writer = await McpClient.connect(
      { url: server.url, token: writeOnly.secret },
      { era },
    );
    const counted = await writer.call("update", { ...place, action: "increment" });
    expect(counted).not.toHaveProperty("value");
    expect(await writer.refused("get", place)).toMatchObject({ code: "FORBIDDEN" });
    expect(await writer.refused("claim_task", place)).toMatchObject({ code: "BAD_USER_INPUT" });
    const claim = { namespace: "theirs" };
    expect(await writer.refused("claim_task", claim)).toMatchObject({ code: "FORBIDDEN" });
  });

  test("the client's name is the agent, unless a header or the token names one", async () => {
    const agentOf = async (token: string, headers: Record<string, string>) => {
      const options = { era, name: "Claude Code", headers };
      await using client = await McpClient.connect({ url: server.url, token }, options);
      await client.call("set", { key: "named", value: 1 });
      return (await read(server, "named"))?.updatedBy;
    };
    expect(await agentOf(server.token, {})).toBe("Claude Code");
    expect(await agentOf(server.token, { "baton-agent": "planner" })).toBe("planner");
    const { secret } = await server.createToken({ agent: "summariser" });
    expect(await agentOf(secret, { "baton-agent": "planner" })).toBe("summariser");
  });
});
