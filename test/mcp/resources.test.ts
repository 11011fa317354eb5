import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Session } from "../../src/auth/authenticator.ts";
import { ResourceSessions } from "../../src/mcp/resource-sessions.ts";
import { plainDatabases } from "../databases.ts";
import { clear, remove, set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { eras, McpClient } from "./mcp-client.ts";
import { follow } from "./follow.ts";

const cases = plainDatabases.flatMap(({ name, start }) =>
  eras.map((era) => ({ name, start, era })),
);

describe.each(cases)("resources of MCP $era on $name", ({ start, era }) => {
  let server: TestServer;
  let reader: McpClient;
  beforeAll(async () => {
    server = await start();
    reader = await McpClient.connect(server, { era });
  });
  afterAll(async () => {
    await reader[Symbol.asyncDispose]();
    await server.close();
  });

  test("reads an entry by its URI, with any characters in its names", async () => {
    const { resourceTemplates } = await reader.client.listResourceTemplates();
    expect(resourceTemplates).toMatchObject([{ uriTemplate: "baton://{namespace}/{key}" }]);
    const value = '{"n":12345678901234567890,"t":1.0}';
    for (const [namespace, key, uri] of [
      ["default", "report", "baton://default/report"],
      ["pipeline:job 1", "a/b?c#d%", "baton://pipeline%3Ajob%201/a%2Fb%3Fc%23d%25"],
      ["ü", "🙂", "baton://%C3%BC/%F0%9F%99%82"],
    ] as const) {
      await reader.call("set", { namespace, key, value: { uri } });
      expect(await reader.client.readResource({ uri })).toMatchObject({
        contents: [{ uri, mimeType: "application/json", text: JSON.stringify({ uri }) }],
      });
    }
    await server.besideServer(async (_database, submit) => {
      await submit({ key: "exact", value });
    });
    const exact = await reader.client.readResource({ uri: "baton://default/exact" });
    expect(exact.contents).toMatchObject([{ text: value }]);
    await expect(reader.client.readResource({ uri: "baton://default/none" })).rejects.toThrow(
      /not found/i,
    );
    const elsewhere = { uri: "file:///etc/passwd" };
    await expect(reader.client.readResource(elsewhere)).rejects.toMatchObject({
      message: expect.stringMatching(/must be of the form/i),
      data: elsewhere,
    });
  });

  test("G1: a list contains exactly the entries that the token can read", async () => {
    const keys = Array.from({ length: 150 }, (_, index) => `k${index}`);
    await reader.call("write_many", {
      writes: keys.map((key) => ({ action: "set", namespace: "many", key, value: 1 })),
    });
    const { secret } = await server.createToken({ namespacePatterns: ["many"] });
    await using limited = await McpClient.connect({ url: server.url, token: secret }, { era });
    // Without a cursor, the client reads all pages.
    const { resources } = await limited.client.listResources();
    expect(resources.map(({ uri }) => uri).sort()).toEqual(
      keys.map((key) => `baton://many/${key}`).sort(),
    );
    const theirs = { uri: "baton://default/report" };
    await expect(limited.client.readResource(theirs)).rejects.toThrow(/does not cover/);
    await expect(follow(limited, era, [theirs.uri])).rejects.toThrow(/does not cover/);
    await expect(limited.client.listResources({ cursor: "x" })).rejects.toThrow(/nextCursor/);
  });

  test("G3: a subscriber is notified of every kind of change of its resources", async () => {
    const uris = ["baton://watched/a", "baton://watched/b"];
    await using followed = await follow(reader, era, uris);
    await set(server, { namespace: "watched", key: "other", value: 1 });
    await set(server, { namespace: "watched", key: "a", value: 1 });
    expect(await followed.next()).toBe(uris[0]);
    await remove(server, { namespace: "watched", key: "a" });
    expect(await followed.next()).toBe(uris[0]);
    await set(server, { namespace: "watched", key: "b", value: 1, ttlSeconds: 1 });
    expect(await followed.next()).toBe(uris[1]);
    // The entry expires.
    expect(await followed.next()).toBe(uris[1]);
    await set(server, { namespace: "watched", key: "b", value: 1 });
    expect(await followed.next()).toBe(uris[1]);
    await clear(server, "watched");
    expect([await followed.next(), await followed.next()].sort()).toEqual(uris);
  });
});

test("the limit of a stream's resources also holds for subscriptions at the same time", async () => {
  await using server = await startTestServer({ maxSubscriptions: 2 });
  const subscribe = vi.spyOn(ResourceSessions.prototype, "subscribe");
  await using reader = await McpClient.connect(server, { era: "2025" });
  await using followed = await follow(reader, "2025", ["baton://default/a"]);
  const [caller, session] = subscribe.mock.calls[0] ?? [];
  const sessions = subscribe.mock.contexts[0] as ResourceSessions;
  subscribe.mockRestore();
  const uris = ["a", "b", "c", "b", "d"].map((key) => `baton://default/${key}`);
  const outcomes = await Promise.allSettled(
    uris.map((uri) => sessions.subscribe(caller as string, session as Session, uri)),
  );
  expect(outcomes.map(({ status }, at) => `${uris[at]?.at(-1)} ${status}`)).toEqual([
    "a fulfilled",
    "b fulfilled",
    "c rejected",
    "b fulfilled",
    "d rejected",
  ]);
  await set(server, { key: "b", value: 1 });
  while ((await followed.next()) !== "baton://default/b");
});

test("the server's stop closes a stream of 2025 without delay, with or without subscriptions", async () => {
  const server = await startTestServer();
  const idle = await McpClient.connect(server, { era: "2025" });
  const other = await McpClient.connect(server, { era: "2025" });
  const followed = await follow(other, "2025", ["baton://default/k"]);
  const begin = performance.now();
  await server.close();
  expect(performance.now() - begin).toBeLessThan(3_000);
  await followed[Symbol.asyncDispose]();
  await idle[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

test("a stream of each version ends with its token", async () => {
  await using server = await startTestServer();
  const { secret, tokenId } = await server.createToken();
  const stream = await fetch(`${server.url}/mcp`, {
    headers: {
      authorization: `Bearer ${secret}`,
      accept: "text/event-stream",
      "mcp-session-id": "session",
    },
  });
  await using client = await McpClient.connect({ url: server.url, token: secret });
  const subscription = await client.client.listen({ resourceSubscriptions: ["baton://default/k"] });
  await server.revokeToken(tokenId);
  await subscription.closed;
  expect(await stream.text()).toBe(": open\n\n");
});
