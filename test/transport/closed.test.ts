import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { query, refusal, request, socketClient, subscribeOn } from "../client.ts";
import { LogLines } from "../log-lines.ts";
import { get, set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

/** Sends this text on a separate connection. Returns everything that arrives until it ends. */
async function answerTo(url: string, sent: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port) });
  socket.write(sent);
  return text(socket);
}

describe("a restricted server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({
      introspection: "off",
      graphiql: "off",
      board: "off",
      cors: "none",
      agentNames: "token",
    });
  });
  afterAll(() => server.close());

  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${server.url}${path}`, {
      redirect: "manual",
      ...init,
      headers: { authorization: `Bearer ${server.token}`, ...init.headers },
    });
  const post = (origin: string) =>
    send("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", origin },
      body: JSON.stringify({ query: "{ viewer { user } }" }),
    });

  test.each(["{ __schema { types { name } } }", '{ __type(name: "Entry") { name } }'])(
    "refuses introspection on both transports: %s",
    async (document) => {
      const { errors } = await request(server.url, server.token, document);
      expect(errors?.[0]?.message).toMatch(/introspection/i);
      const client = socketClient(server.url, { token: server.token });
      const refused = await refusal(subscribeOn(client, document).next());
      expect(refused.message).toMatch(/introspection/i);
      await client.dispose();
      const { data } = await request(
        server.url,
        server.token,
        "{ __typename viewer { __typename } }",
      );
      expect(data).toEqual({ __typename: "Query", viewer: { __typename: "Viewer" } });
    },
  );

  test.each<[string, string, Record<string, unknown>]>([
    ["a field", '{ entrie(key: "a") { value } }', {}],
    ["a field of an entry", '{ entry(key: "a") { valu } }', {}],
    ["an argument", '{ entry(kei: "a") { value } }', {}],
    ["a type", '{ entry(key: "a") { ... on Entri { value } } }', {}],
    ["an input field", 'mutation { setEntry(input: { key: "a", valu: 1 }) { revision } }', {}],
    ["an enum value", "{ entries(orderBy: CREATED_DES) { pageInfo { endCursor } } }", {}],
    [
      "an input field of a variable",
      "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }",
      { input: { key: "a", value: 1, ttlSecond: 1 } },
    ],
    [
      "an input field of a variable of several fields",
      "mutation ($input: TransactInput!) { __typename transact(input: $input) { revision } }",
      { input: { operation: [] } },
    ],
  ])("suggests no names of the schema, on both transports: %s", async (_, document, variables) => {
    const { errors } = await request(server.url, server.token, document, variables);
    expect(errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
    const client = socketClient(server.url, { token: server.token });
    const refused = await refusal(subscribeOn(client, document, variables).next());
    await client.dispose();
    for (const { message } of [...(errors ?? []), refused]) expect(message).not.toMatch(/did you/i);
  });

  test("suggests no names of the schema for the variables of a subscription", async () => {
    const document =
      "subscription ($where: [ValueCondition!]) { entryChanged(where: $where) { kind } }";
    const client = socketClient(server.url, { token: server.token });
    const where = [{ op: "EXISTS", valu: 1 }];
    const { message } = await refusal(subscribeOn(client, document, { where }).next());
    await client.dispose();
    expect(message).toMatch(/"valu" is not defined by type "ValueCondition"\.$/);
  });

  test("serves neither GraphiQL nor the board", async () => {
    const accept = "text/html";
    expect((await send("/", { headers: { accept } })).status).toBe(404);
    expect((await send("/graphiql/graphiql.js", { headers: { accept } })).status).toBe(404);
    const page = await send("/graphql", { headers: { accept } });
    expect(page.headers.get("content-type")).toMatch(/^application\/json/);
  });

  test("refuses web pages of other origins, and serves its own pages", async () => {
    const foreign = await post("https://elsewhere.example");
    expect(foreign.status).toBe(403);
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    expect((await post(server.url)).status).toBe(200);
    const preflight = await send("/graphql", {
      method: "OPTIONS",
      headers: { origin: "https://elsewhere.example", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(403);
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    const mcp = await send("/mcp", { method: "POST", headers: { origin: "http://localhost:1" } });
    expect(mcp.status).toBe(403);
    const opened = (origin: string) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(
          `${server.url.replace("http", "ws")}/graphql`,
          "graphql-transport-ws",
          { origin },
        );
        socket.once("open", () => resolve("open")).once("error", ({ message }) => resolve(message));
        socket.once("open", () => socket.close());
      });
    expect(await opened("https://elsewhere.example")).toMatch(/403/);
    expect(await opened(server.url)).toBe("open");
  });

  test("records the token's agent, regardless of the caller's agent name", async () => {
    await set(server, { key: "unnamed", value: 1 }, { agent: "someone" });
    expect((await get(server, "unnamed"))?.updatedBy).toBeNull();
    const named = await server.createToken({ agent: "parser" });
    await set(server, { key: "named", value: 1 }, { agent: "someone", token: named.secret });
    expect((await get(server, "named"))?.updatedBy).toBe("parser");
    const client = socketClient(server.url, { token: server.token, agent: "someone" });
    expect(await subscribeOn(client, "{ viewer { agent } }").next()).toEqual({ agent: null });
    await client.dispose();
  });

  test("responses forbid that browsers guess another type", async () => {
    for (const path of ["/graphql", "/health/live", "/nowhere"]) {
      expect((await send(path)).headers.get("x-content-type-options")).toBe("nosniff");
    }
    expect((await post(server.url)).headers.get("x-content-type-options")).toBe("nosniff");
    const upgrade = (path: string, version: number) =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: ${version}\r\n\r\n`;
    const refused: [status: number, request: string][] = [
      [400, "GARBAGE\r\n\r\n"],
      [431, `GET / HTTP/1.1\r\nHost: a\r\nLong: ${"x".repeat(70_000)}\r\n\r\n`],
      [404, upgrade("/nowhere", 13)],
      [400, upgrade("/graphql", 12)],
      [405, upgrade("/graphql", 13).replace("GET", "PUT")],
    ];
    for (const [status, sent] of refused) {
      const answer = await answerTo(server.url, sent);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toMatch(/\r\nX-Content-Type-Options: nosniff\r\n/);
      expect(answer).toMatch(/\r\nCache-Control: no-store\r\n/);
      expect(answer).toMatch(/\r\nContent-Type: application\/json; .*\r\n\r\n\{"errors":/s);
    }
  });
});

describe("trusted documents", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-test-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const file = async (content: string) => {
    const path = join(folder, `documents-${content.length}.json`);
    await writeFile(path, content);
    return path;
  };

  test("are the only documents that are executed, over POST, GET, server-sent events and WebSocket", async () => {
    const listed = "{ viewer { user } }";
    const subscription = "subscription { entryChanged(snapshot: true) { kind } }";
    await using server = await startTestServer({
      trustedDocuments: await file(JSON.stringify({ abc: listed, def: subscription })),
    });
    expect(await query(server, listed)).toEqual({ viewer: { user: "local" } });
    const client = socketClient(server.url, { token: server.token });
    expect(await subscribeOn(client, listed).next()).toEqual({ user: "local" });
    const get = async (document: string, accept: string) => {
      const search = new URLSearchParams({ query: document });
      const headers = { authorization: `Bearer ${server.token}`, accept };
      const response = await fetch(`${server.url}/graphql?${search}`, { headers });
      // The first event is enough.
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let read = "";
      while (!read.includes("}\n")) read += (await reader?.read())?.value ?? "}\n";
      await reader?.cancel();
      return read;
    };
    const stream = "text/event-stream";
    const unlisted = `${subscription} `;
    expect(await get(listed, "application/json")).toContain('{"viewer":{"user":"local"}}');
    expect(await get(subscription, stream)).toContain("CAUGHT_UP");
    for (const document of [
      "{ viewer { agent } }",
      `${listed} `,
      "{",
      "{ __typename }",
      unlisted,
    ]) {
      const { errors } = await request(server.url, server.token, document);
      expect(errors?.[0]?.extensions.code).toBe("FORBIDDEN");
      for (const accept of ["application/json", stream]) {
        expect(await get(document, accept)).toContain('"code":"FORBIDDEN"');
      }
      expect((await refusal(subscribeOn(client, document).next())).code).toBe("FORBIDDEN");
    }
    await client.dispose();
  });

  test("the log names the first of those that are not valid, but not those with several operations", async () => {
    const several = "query A { viewer { user } } query B { viewer { agent } }";
    const documents = [several, "{\n  nope }", "{"];
    const lines = new LogLines();
    await using _server = await startTestServer(
      { trustedDocuments: await file(JSON.stringify(documents)) },
      undefined,
      pino(lines.stream),
    );
    expect(await lines.find(({ level }) => level === 40)).toMatchObject({
      count: 2,
      first: { document: "{ nope }", reason: expect.stringContaining('"nope" on type "Query"') },
    });
  });

  test.each(["", "{}", "[]", "[1]", "null", "{", '"{ viewer { user } }"'])(
    "the server does not start with a file of %j, and names the file",
    async (content) => {
      const trustedDocuments = await file(content);
      await expect(startTestServer({ trustedDocuments })).rejects.toThrow(trustedDocuments);
    },
  );
});
