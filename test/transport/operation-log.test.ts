import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import { request, socketClient, subscribeOn, subscribeBySse } from "../client.ts";
import { LogLines } from "../log-lines.ts";
import { eras, McpClient } from "../mcp/mcp-client.ts";
import { set } from "../operations.ts";
import { RawSocket } from "../raw-client.ts";

describe("the log at debug", () => {
  const lines = new LogLines();
  let dataDir: string;
  let server: Awaited<ReturnType<typeof startServer>>;
  let reached: { readonly url: string; readonly token: string };
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "baton-test-"));
    const logger = pino({ level: "debug" }, lines.stream);
    server = await startServer(defaultConfig({ port: 0, dataDir }), logger);
    reached = { url: server.url, token: server.localToken?.secret ?? "" };
  });
  afterAll(async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const operations: readonly [document: string, operation: string, errorCode?: string][] = [
    ["query Who { viewer { user } }", "query Who: viewer"],
    ["{ a: viewer { user } entries { nodes { key } } }", "query: viewer, entries"],
    [
      "{ ...F ... { viewer { user } } } fragment F on Query { viewer { user } }",
      "query: ...F, ...",
    ],
    [
      'mutation Twice { setEntry(input: { key: "confidential", value: "confidential", ifRevision: "99" }) { revision } }',
      "mutation Twice: setEntry",
      "CONFLICT",
    ],
    [
      "query Large { entries(first: 501) { nodes { key } } }",
      "query Large: entries",
      "LIMIT_EXCEEDED",
    ],
    [
      "query Variable($confidential: Int!) { entries(first: $confidential) { nodes { key } } }",
      "query Variable: entries",
      "BAD_USER_INPUT",
    ],
  ];

  test.each(operations)("has a line for %s over HTTP", async (document, operation, errorCode) => {
    await request(reached.url, reached.token, document, {}, { agent: "worker-1" });
    const line = await lines.find(
      (found) => found.operation === operation && found.msg === "request",
    );
    expect(line).toMatchObject({
      user: "local",
      agent: "worker-1",
      method: "POST",
      path: "/graphql",
      status: 200,
      durationMs: expect.any(Number),
    });
    expect(line.errorCode).toBe(errorCode);
  });

  test.each(operations)("has a line for %s on a socket", async (document, operation, errorCode) => {
    const client = socketClient(reached.url, { token: reached.token, agent: "worker-2" });
    await subscribeOn(client, document)
      .next()
      .catch(() => {});
    const line = await lines.find(
      (found) => found.operation === operation && found.msg === "operation on a socket",
    );
    expect(line).toMatchObject({
      user: "local",
      agent: "worker-2",
      durationMs: expect.any(Number),
    });
    expect(line.errorCode).toBe(errorCode);
    await client.dispose();
  });

  test("has a line for each subscription, when it ends", async () => {
    await set(reached, { key: "k", value: 1 });
    const document = (name: string) =>
      `subscription ${name}($after: Revision) { entryChanged(after: $after) { key } }`;
    const client = socketClient(reached.url, { token: reached.token });
    const onSocket = subscribeOn(client, document("OnSocket"), { after: "0" });
    await onSocket.next();
    await onSocket[Symbol.asyncDispose]();
    const bySse = await subscribeBySse(reached, document("BySse"), { after: "0" });
    await bySse.next();
    await bySse[Symbol.asyncDispose]();
    for (const name of ["OnSocket", "BySse"]) {
      const line = await lines.find(
        ({ operation }) => operation === `subscription ${name}: entryChanged`,
      );
      expect(line).toMatchObject({ user: "local", agent: null });
      expect(line.errorCode).toBeUndefined();
    }
    const refused = { after: "99999999" };
    await subscribeOn(client, document("Refused"), refused)
      .next()
      .catch(() => {});
    await subscribeBySse(reached, document("RefusedBySse"), refused)
      .then((events) => events.next())
      .catch(() => {});
    for (const name of ["Refused", "RefusedBySse"]) {
      const line = await lines.find(
        ({ operation }) => operation === `subscription ${name}: entryChanged`,
      );
      expect(line.errorCode).toBe("BAD_USER_INPUT");
    }
    await client.dispose();
  });

  const read = JSON.stringify({ query: "query Identified { viewer { user } }" });
  const headersOf = (token: string, id: string) => ({
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    origin: "http://page.example",
    ...(id === "" ? {} : { "x-request-id": id }),
  });

  test.each([
    ["/graphql", read, 200],
    ["/graphql", JSON.stringify({ query: "{ nothing }" }), 200],
    ["/graphql", "{", 400],
    ["/graphql?query={viewer{user}}", undefined, 200],
    ["/mcp", JSON.stringify({ jsonrpc: "2.0", id: 1, method: "nothing" }), 403],
    ["/health/live", undefined, 200],
    ["/missing", undefined, 404],
  ])("has the ID of each request to %s, as the response has", async (path, body, status) => {
    const sent = async (id: string) => {
      const headers = headersOf(reached.token, id);
      const method = body === undefined ? "GET" : "POST";
      const response = await fetch(`${reached.url}${path}`, {
        method,
        headers,
        body: body ?? null,
      });
      await response.text();
      expect(response.status).toBe(status);
      if (path.startsWith("/graphql")) {
        expect(response.headers.get("access-control-expose-headers")).toContain("X-Request-Id");
      }
      const requestId = response.headers.get("x-request-id");
      await lines.find((line) => line.requestId === requestId && line.status === status);
      return requestId;
    };
    const own = `proxy.7:${path.length}-${body?.length}/a+b=`;
    expect(await sent(own)).toBe(own);
    const generated = [await sent(""), await sent("two words"), await sent("x".repeat(129))];
    for (const id of generated) expect(id).toMatch(/^[\w-]{8}-\d+$/);
    expect(new Set(generated).size).toBe(3);
  });

  test("has the ID of a stream of events, as its response has", async () => {
    const response = await fetch(`${reached.url}/graphql`, {
      method: "POST",
      headers: { ...headersOf(reached.token, "stream-1"), accept: "text/event-stream" },
      body: JSON.stringify({ query: "subscription Streamed { entryChanged { key } }" }),
    });
    expect(response.headers.get("x-request-id")).toBe("stream-1");
    await response.body?.cancel();
    const line = await lines.find(({ requestId }) => requestId === "stream-1");
    expect(line.operation).toBe("subscription Streamed: entryChanged");
  });

  test("has the ID of an operation on a socket: that of the socket, then its own", async () => {
    await using socket = new RawSocket(reached, { "x-request-id": "ws-7" });
    await socket.take(1, "connection_ack");
    expect((await socket.opened)["x-request-id"]).toBe("ws-7");
    socket.send(JSON.stringify({ id: "3", type: "subscribe", payload: JSON.parse(read) }));
    await socket.take(1);
    const line = await lines.find(({ requestId }) => requestId === "ws-7/3");
    expect(line.operation).toBe("query Identified: viewer");
  });

  test("has the code of a request that is refused before its operation is read", async () => {
    await request(reached.url, "baton_confidential", "{ viewer { user } }");
    await lines.find(({ status, errorCode }) => status === 401 && errorCode === "UNAUTHENTICATED");
    await request(reached.url, reached.token, "{ nothing }");
    await lines.find(
      ({ user, operation, errorCode }) =>
        user === "local" && operation === undefined && errorCode === "BAD_USER_INPUT",
    );
    const client = socketClient(reached.url, { token: "baton_confidential" });
    await subscribeOn(client, "{ viewer { user } }")
      .next()
      .catch(() => {});
    await lines.find(
      ({ msg, errorCode }) => msg === "operation on a socket" && errorCode === "UNAUTHENTICATED",
    );
    await client.dispose();
  });

  test.each(eras)("has a line for each MCP request of %s", async (era) => {
    const name = `model-${era}`;
    await using client = await McpClient.connect(reached, { era, name });
    const lineOf = async (operation: string, isRefused: boolean) => {
      const line = await lines.find(
        (found) =>
          found.agent === name &&
          found.operation === operation &&
          (found.errorCode !== undefined) === isRefused,
      );
      expect(line).toMatchObject({
        msg: "request",
        user: "local",
        method: "POST",
        path: "/mcp",
        status: expect.any(Number),
        durationMs: expect.any(Number),
      });
      return line;
    };
    await client.call("set", { key: "confidential", value: "confidential" });
    await lineOf("tools/call baton_set", false);
    await client.refused("set", { key: "confidential", value: 1, ifRevision: "99" });
    expect((await lineOf("tools/call baton_set", true)).errorCode).toBe("CONFLICT");
    await client.client.callTool({ name: "confidential", arguments: {} }).catch(() => {});
    expect((await lineOf("tools/call", true)).errorCode).toBe("BAD_USER_INPUT");
    await client.client.readResource({ uri: "baton://default/confidential" });
    await lineOf("resources/read", false);
    await client.client.readResource({ uri: "baton://default/confidential-2" }).catch(() => {});
    expect((await lineOf("resources/read", true)).errorCode).toBe("BAD_USER_INPUT");
  });

  test("contains no tokens, keys or values", () => {
    const text = JSON.stringify(lines.all);
    expect(text).not.toContain("confidential");
    expect(text).not.toContain(reached.token);
  });
});
