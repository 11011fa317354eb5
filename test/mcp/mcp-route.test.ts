import { readFile } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Hub } from "../../src/feed/hub.ts";
import { prepareFirstCall } from "../../src/mcp/first-call.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { eras, McpClient } from "./mcp-client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ maxValueBytes: 100_000 });
});
afterAll(() => server.close());

// The server runs in this process, so its hub shows its subscribers.
const attach = vi.spyOn(Hub.prototype, "attach");
afterEach(() => {
  attach.mockClear();
});
afterAll(() => attach.mockRestore());

interface Sent {
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

function send(body: string | null, { headers = {}, method = "POST" }: Sent = {}) {
  return fetch(`${server.url}/mcp`, {
    method,
    headers: {
      authorization: `Bearer ${server.token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body,
  });
}

const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

test("G14: the library accepts the requests that prepare it for the first call", async () => {
  await expect(prepareFirstCall()).resolves.toBeUndefined();
});

test("without a valid token, every request gets 401", async () => {
  for (const authorization of ["", "Bearer wrong"]) {
    const response = await send(list, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await response.json()).toMatchObject({
      jsonrpc: "2.0",
      id: null,
      error: { data: { code: "UNAUTHENTICATED" } },
    });
  }
});

test("refuses invalid messages, long messages, and several messages in one body", async () => {
  const refused = async (body: string) => {
    const response = await send(body);
    const { error } = (await response.json()) as any;
    return [response.status, error.data.code, error.message];
  };
  const malformed = expect.stringContaining("not valid");
  expect(await refused("{")).toEqual([400, "BAD_USER_INPUT", malformed]);
  expect(await refused('{"a":"\\ud800"}')).toEqual([400, "BAD_USER_INPUT", malformed]);
  const single = expect.stringContaining("each message in a separate request");
  expect(await refused(`[${list}]`)).toEqual([400, "BAD_USER_INPUT", single]);
  const long = `{"a":"${"x".repeat(200_000)}"}`;
  expect(await refused(long)).toEqual([413, "PAYLOAD_TOO_LARGE", expect.any(String)]);
  expect((await send(list, { headers: { "content-type": "text/plain" } })).status).toBe(415);
  expect((await send(null, { method: "GET" })).status).toBe(405);
});

test("serves web pages on this machine, and refuses those of other origins", async () => {
  const own = { headers: { origin: "http://localhost:6274" } };
  const listed = await send(list, own);
  expect(listed.status).toBe(200);
  expect(listed.headers.get("x-content-type-options")).toBe("nosniff");
  const preflight = await send(null, { ...own, method: "OPTIONS" });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("Mcp-Session-Id");
  for (const origin of ["https://evil.example", "null", "http://localhost.evil.example"]) {
    expect((await send(list, { headers: { origin } })).status).toBe(403);
  }
});

test("a client's name that is not a valid agent name is changed to a valid one", async () => {
  const name = `x\u0000${"é".repeat(1_000)}`;
  for (const era of eras) {
    await using client = await McpClient.connect(server, { era, name });
    await client.call("set", { key: "k", value: 1 });
    const { updatedBy } = await client.call("get", { key: "k" });
    expect(updatedBy).toMatch(/^xé+$/);
  }
});

test.each(eras)("a wait ends when its caller of %s disconnects", async (era) => {
  await using client = await McpClient.connect(server, { era });
  const abort = new AbortController();
  const waiting = client.answer("wait_for", { key: "never", timeoutSeconds: 60 }, abort.signal);
  const outcome = waiting.then(
    () => "answered",
    () => "ended",
  );
  while (attach.mock.calls.length === 0) await turn();
  const hub = attach.mock.contexts[0] as Hub;
  abort.abort();
  expect(await outcome).toBe("ended");
  while (hub.userIds.length > 0) await turn();
});

test("a wait ends with its token, and with the server", async () => {
  const { secret, tokenId } = await server.createToken();
  await using client = await McpClient.connect({ url: server.url, token: secret });
  const waiting = client.refused("wait_for", { key: "never", timeoutSeconds: 60 });
  while (attach.mock.calls.length === 0) await turn();
  await server.revokeToken(tokenId);
  expect(await waiting).toMatchObject({ code: "UNAUTHENTICATED" });

  await using other = await startTestServer();
  await using stopped = await McpClient.connect(other);
  const last = stopped.refused("wait_for", { key: "never", timeoutSeconds: 60 });
  while (attach.mock.calls.length === 1) await turn();
  await other.close();
  expect(await last).toMatchObject({ code: "UNAVAILABLE", next: expect.any(String) });
});

test("docs/mcp.md lists exactly the tools, and its JSON is valid", async () => {
  await using client = await McpClient.connect(server);
  const { tools } = await client.client.listTools();
  const page = await readFile("docs/mcp.md", "utf8");
  const listed = [...page.matchAll(/^\| `(baton_\w+)`/gm)].map(([, name]) => name);
  expect(listed).toEqual(tools.map(({ name }) => name));
  const blocks = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json]) => json ?? "");
  expect(blocks.length).toBeGreaterThan(4);
  for (const json of blocks) expect(JSON.parse(json)).toBeTypeOf("object");
});
