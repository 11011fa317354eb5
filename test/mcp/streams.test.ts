import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Hub } from "../../src/feed/hub.ts";
import { set, setMany } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { follow } from "./follow.ts";
import { eras, McpClient, type Era } from "./mcp-client.ts";

let server: TestServer;
// The server runs in this process, so its hub shows its subscribers.
const attach = vi.spyOn(Hub.prototype, "attach");
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  attach.mockRestore();
  await server.close();
});

/** Each place takes about 3,900 bytes in a URI, so that few notifications fill a connection. */
const place = { namespace: "é".repeat(128), key: (n: number) => `${n}-${"é".repeat(500)}` };
const uriOf = (namespace: string, key: string) =>
  `baton://${encodeURIComponent(namespace)}/${encodeURIComponent(key)}`;

const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "stalled", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Sends a message of a version of 2025, and returns the session. */
async function send(message: object, session: string | null = null): Promise<string | null> {
  const response = await fetch(`${server.url}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${server.token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session === null ? {} : { "mcp-session-id": session }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
  expect(await response.text()).toContain('"result"');
  return response.headers.get("mcp-session-id");
}

/** Opens a stream that follows resources, on a socket that reads nothing before its iteration begins. */
async function stalledStream(era: Era, uris: readonly string[]) {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.pause();
  const common = `Host: ${hostname}\r\nAuthorization: Bearer ${server.token}\r\nAccept: application/json, text/event-stream\r\n`;
  if (era === "2025") {
    const session = await send({
      method: "initialize",
      params: {
        protocolVersion: "2025-06-18",
        capabilities: {},
        clientInfo: { name: "stalled", version: "1" },
      },
    });
    for (const uri of uris) await send({ method: "resources/subscribe", params: { uri } }, session);
    socket.write(`GET /mcp HTTP/1.1\r\n${common}Mcp-Session-Id: ${session}\r\n\r\n`);
    return socket;
  }
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "subscriptions/listen",
    params: { _meta: envelope, notifications: { resourceSubscriptions: uris } },
  });
  socket.write(
    `POST /mcp HTTP/1.1\r\n${common}Content-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n` +
      `Mcp-Method: subscriptions/listen\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

// One version is enough to see the behaviour of the feed. The other one takes the same time again.
test.each(process.env.CI ? eras : eras.slice(0, 1))(
  "G9: an unread stream of %s costs no memory and delays no others, and gets all notifications when it is read",
  async (era) => {
    const { namespace } = place;
    // The message that begins a stream of 2026-07-28 contains all URIs, and can have at most 64 KiB.
    const keys = Array.from({ length: era === "2025" ? 90 : 14 }, (_, n) => place.key(n));
    const last = uriOf(namespace, `last-${era}`);
    attach.mockClear();
    const uris = [...keys.map((key) => uriOf(namespace, key)), last];
    const stalled = await stalledStream(era, uris);
    while (attach.mock.calls.length < uris.length) await turn();
    const hub = attach.mock.contexts[0] as Hub;
    // The stream of the previous test ends, too.
    while (hub.followers().subscriptions !== uris.length) await turn();

    await using lively = await McpClient.connect(server, { era });
    await using followed = await follow(lively, era, ["baton://lively/k"]);
    const items = keys.map((key) => ({ key, value: 1 }));
    // More than the buffers of the sockets can hold.
    const isStalled = () => hub.followers().catchingUp >= keys.length;
    let commits = 0;
    while (!isStalled()) {
      if (++commits > 2_000) throw new Error("The stream never becomes full.");
      await setMany(server, namespace, items);
    }
    for (let more = 0; more < 10; more++) await setMany(server, namespace, items);
    await set(server, { namespace, key: `last-${era}`, value: 1 });
    await set(server, { namespace: "lively", key: "k", value: 1 });
    expect(await followed.next()).toBe("baton://lively/k");
    expect(await lively.call("get", { namespace: "lively", key: "k" })).toMatchObject({ value: 1 });

    let text = "";
    for await (const chunk of stalled) {
      text = text.slice(-20_000) + String(chunk);
      if (text.includes(JSON.stringify(last))) break;
    }
    while (hub.followers().subscriptions > 1) await turn();
  },
);

test("streams count as sockets, and their resources as subscriptions, until they end", async () => {
  await using bounded = await startTestServer({ maxTokenSubscriptions: 2, maxTokenSockets: 2 });
  const [a, b, c] = ["a", "b", "c"].map((key) => `baton://default/${key}`) as [
    string,
    string,
    string,
  ];
  await using modern = await McpClient.connect(bounded);
  const both = await follow(modern, "2026-07-28", [a, b]);
  await expect(follow(modern, "2026-07-28", [c])).rejects.toThrow(/2 subscriptions/);
  await both[Symbol.asyncDispose]();
  // The server detects the end of a stream slightly later.
  const eventually = <T>(work: () => Promise<T>) => vi.waitFor(work, { timeout: 20_000 });
  await eventually(async () => (await follow(modern, "2026-07-28", [c]))[Symbol.asyncDispose]());

  // A client of 2025 opens a stream when it connects.
  await using one = await eventually(() => McpClient.connect(bounded, { era: "2025" }));
  await using followed = await eventually(() => follow(one, "2025", [a, b]));
  for (const key of ["a", "b"]) {
    await set(bounded, { key, value: 1 });
    while ((await followed.next()) !== `baton://default/${key}`);
  }
  await expect(one.client.subscribeResource({ uri: c })).rejects.toThrow(/2 subscriptions/);
  const held = await eventually(() => modern.client.listen({}));
  await expect(modern.client.listen({})).rejects.toThrow(/2 sockets/);
  await held.close();
});
