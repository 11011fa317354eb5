import { on, once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { errorCodes } from "../../src/errors.ts";
import { request, socketClient, subscribe, subscribeOn, type Refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { clear, get, headRevision, set, setMany, wholeLog } from "../operations.ts";
import type { TestServer } from "../server.ts";

// Input of careless or hostile callers, which must not harm the server.

describe.each(plainDatabases)("G9 G10: hostile callers on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  const ask = (document: string, variables = {}) =>
    request(server.url, server.token, document, variables);

  test("treats a value or metadata with a key `then` as data", async () => {
    const value = JSON.parse('{"then": 1, "catch": "x"}') as unknown;
    const metadata = JSON.parse('{"then": "next step"}') as unknown;
    await using events = subscribe(
      server,
      'subscription { entryChanged(namespace: "then", snapshot: true) { kind entry { value metadata } } }',
    );
    expect(await events.next()).toMatchObject({ kind: "CAUGHT_UP" });
    const { entry } = await set(server, { namespace: "then", key: "k", value, metadata });
    expect(entry).toMatchObject({ value, metadata });
    expect(await get(server, "k", "then")).toMatchObject({ value, metadata });
    expect(await events.next()).toMatchObject({ entry: { value, metadata } });
  });

  test("treats a variable without a value as null, for any name", async () => {
    const document = `mutation ($toString: JSON, $__proto__: JSON) {
      setEntry(input: { key: "named", value: [$toString, $__proto__] }) { entry { value } }
    }`;
    expect((await ask(document)).data?.setEntry.entry.value).toEqual([null, null]);
  });

  test("counts fields that each read from the database", async () => {
    await set(server, { key: "a", value: 1 });
    const levels = Array.from(
      { length: 9 },
      (_, at) =>
        `fragment f${at} on Entry { a: history(first: 2) { nodes { entry { ...f${at + 1} } } } b: history(first: 2) { nodes { entry { ...f${at + 1} } } } }`,
    );
    const document = `{ entry(key: "a") { ...f0 } } ${levels.join(" ")} fragment f9 on Entry { key }`;
    expect((await ask(document)).errors?.[0]?.extensions).toMatchObject({
      limit: "maxQueryComplexity",
    });
  });

  test("an error in a mutation's response keeps the rest of the response", async () => {
    const { data, errors } = await ask(
      'mutation { setEntry(input: { key: "done", value: 1 }) { revision entry { value history(first: 501) { nodes { kind } } } } }',
    );
    expect(errors?.[0]).toMatchObject({ path: ["setEntry", "entry", "history"] });
    expect(data?.setEntry).toMatchObject({
      revision: await headRevision(server),
      entry: { value: 1, history: null },
    });
  });

  test("a subscription has a budget for each event, not for all of them", async () => {
    await using own = await start({ maxResponseBytes: 100_000 });
    const document =
      'subscription { entryChanged(after: "0") { revision entry { history { nodes { kind } } } } }';
    for (let times = 0; times < 8; times++)
      await set(own, { key: `k${times}`, value: "x".repeat(30_000) });
    await using events = subscribe(own, document);
    expect((await events.take(8)).map(({ entry }) => entry.history.nodes.length)).toEqual(
      Array(8).fill(1),
    );
  });

  test("G3: a subscriber that has received everything is not sent back to a compacted log", async () => {
    await using own = await start({ retentionDays: 0, retentionChanges: 5, subscriberQueue: 10 });
    await using events = subscribe(
      own,
      'subscription { entryChanged(namespace: "mine", snapshot: true) { kind key } }',
    );
    await events.take(1);
    for (let times = 0; times < 40; times++)
      await set(own, { namespace: "others", key: "k", value: times });
    await own.besideServer(async (database) => {
      await database.compact({ maxAgeMs: 0, maxChanges: 5 });
    });
    expect((await wholeLog(own)).length).toBe(5);
    // More than the queue holds, in one commit: the missing changes are read from the log.
    const entries = Array.from({ length: 30 }, (_, index) => ({ key: `k${index}`, value: index }));
    await setMany(own, "mine", entries);
    expect((await events.take(30)).map(({ key }) => key)).toEqual(entries.map(({ key }) => key));
  });

  test("limits the bytes of all unread responses of a socket", async () => {
    await using own = await start({ maxResponseBytes: 5_000_000, maxPageBytes: 5_000_000 });
    for (let index = 0; index < 9; index++) {
      await setMany(own, "large", [{ key: `k${index}`, value: "x".repeat(500_000) }]);
    }
    const client = socketClient(own.url, { token: own.token });
    const opened = await subscribeOn(client, "{ viewer { user } }").next();
    expect(opened).toEqual({ user: "local" });
    const answers = Array.from({ length: 12 }, () =>
      subscribeOn(client, "{ entries { nodes { value } } }")
        .next()
        .then(
          () => "answered",
          (refusal: Refusal) => refusal.code,
        ),
    );
    const codes = new Set(await Promise.all(answers));
    expect([...codes].filter((code) => code !== "answered" && code !== "RATE_LIMITED")).toEqual([]);
    expect(codes).toContain("answered");
    // Responses that were read make room for more.
    expect((await subscribeOn(client, "{ entries { nodes { value } } }").next()).nodes.length).toBe(
      9,
    );
    await client.dispose();
  });

  test("every refusal over HTTP has a defined code, in JSON", async () => {
    const send = (init: RequestInit & { query?: string }) =>
      fetch(`${server.url}/graphql${init.query ?? ""}`, {
        ...init,
        headers: { authorization: `Bearer ${server.token}`, ...init.headers },
      });
    const json = { "content-type": "application/json" };
    const cases: Parameters<typeof send>[0][] = [
      {
        method: "POST",
        body: "query=x",
        headers: { "content-type": "application/x-www-form-urlencoded" },
      },
      {
        method: "POST",
        body: "{ viewer { user } }",
        headers: { "content-type": "application/graphql" },
      },
      { method: "POST", body: '{"query": "{ nothing }"}', headers: json },
      {
        method: "POST",
        body: '{"query": "{ nothing }"}',
        headers: { ...json, accept: "application/graphql-response+json" },
      },
      {
        method: "POST",
        body: '{"query": "query a { viewer { user } } query b { viewer { user } }"}',
        headers: json,
      },
      {
        method: "POST",
        body: '{"query": "{ viewer { user } }", "operationName": "c"}',
        headers: json,
      },
      {
        method: "POST",
        body: '{"query": "subscription { nothing }"}',
        headers: { ...json, accept: "text/event-stream" },
      },
      {
        method: "POST",
        body: '{"query": "subscription { entryChanged(after: \\"999999\\") { key } }"}',
        headers: { ...json, accept: "text/event-stream" },
      },
      { method: "GET", query: "?query={viewer{user}}&variables={" },
      { method: "GET", query: "?query={" },
      { method: "GET" },
    ];
    for (const init of cases) {
      const response = await send(init);
      const text = await response.text();
      expect(response.status, text).toBeLessThan(500);
      const body = /^data: (.*)$/m.exec(text)?.[1] ?? text;
      const [error] = (JSON.parse(body) as { errors: { extensions: { code: string } }[] }).errors;
      expect(errorCodes, text).toContain(error?.extensions.code);
    }
  });

  test("every refusal on a socket has a defined code", async () => {
    const client = socketClient(server.url, { token: server.token });
    const results: unknown[] = [];
    const messages: unknown[] = [];
    for (const payload of [
      { query: "query a { viewer { user } }", operationName: "b" },
      { query: "query a { viewer { user } } query b { viewer { user } }" },
      { query: "" },
      { query: "{ nothing }" },
    ]) {
      const error = await new Promise((resolve) =>
        client.subscribe(payload, { next: resolve, error: resolve, complete: () => {} }),
      );
      const [refusal] = error as (Refusal & { message: string })[];
      results.push(refusal?.extensions);
      messages.push(refusal?.message);
    }
    expect(messages.slice(0, 2)).toEqual([
      "operationName must name one of the document's operations.",
      "operationName is required, because the document has several operations.",
    ]);
    expect(results).toEqual(results.map(() => ({ code: "BAD_USER_INPUT" })));
    await client.dispose();
  });

  test("an operation's id is short, and cannot be used again until the operation has ended", async () => {
    const socket = new WebSocket(
      `${server.url.replace("http", "ws")}/graphql`,
      "graphql-transport-ws",
    );
    const messages = on(socket, "message");
    const next = async () => JSON.parse(String((await messages.next()).value[0]));
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { token: server.token } }));
    expect(await next()).toEqual({ type: "connection_ack" });
    const payload = { query: "{ viewer { user } }" };
    socket.send(JSON.stringify({ id: "x".repeat(300), type: "subscribe", payload }));
    expect((await next()).payload[0].extensions).toEqual({
      code: "BAD_USER_INPUT",
      argument: "id",
    });
    for (let times = 0; times < 3; times++) {
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
      expect(await next()).toMatchObject({ id: "1", type: "next" });
      expect(await next()).toEqual({ id: "1", type: "complete" });
    }
    socket.send(JSON.stringify({ type: "ping", payload: { large: "x".repeat(1_000) } }));
    expect(await next()).toEqual({ type: "pong" });
    socket.close();
  });

  test("refused and half-open connections do not keep the server from stopping", async () => {
    const own = await start();
    const { hostname, port } = new URL(own.url);
    for (const path of ["/other", "/graphql"]) {
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
      socket.on("error", () => {});
      socket.write(upgradeRequest(path));
      await once(socket, "data");
    }
    const begin = Date.now();
    await own.close(500);
    expect(Date.now() - begin).toBeLessThan(3_000);
  });

  test("unused connections that were opened in advance do not delay a stopping server", async () => {
    const own = await start();
    const { hostname, port } = new URL(own.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    // A request after it: the server has accepted both connections.
    await set(own, { key: "k", value: 1 });
    const cut = once(socket, "close");
    const begin = Date.now();
    await own.close(20_000);
    await cut;
    expect(Date.now() - begin).toBeLessThan(10_000);
  });

  test.each([
    [
      "a revision at the end of 64 bits",
      '{ changes(after: "9223372036854775807") { nodes { kind } } }',
      {},
    ],
    [
      "a revision of a hundred thousand brackets",
      "query ($after: Revision) { changes(after: $after) { nodes { kind } } }",
      { after: JSON.parse("[".repeat(100_000) + "]".repeat(100_000)) },
    ],
    [
      "a text of a megabyte for a number",
      "query ($first: Int) { changes(first: $first) { nodes { kind } } }",
      { first: "x".repeat(1_000_000) },
    ],
  ])("%s is BAD_USER_INPUT, with a short message", async (_name, document, variables) => {
    // JSON.stringify would overflow the test's stack at this depth.
    const body = `{"query": ${JSON.stringify(document)}, "variables": ${shallowJson(variables)}}`;
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body,
    });
    const text = await response.text();
    expect(JSON.parse(text).errors[0].extensions.code).toBe("BAD_USER_INPUT");
    expect(text.length).toBeLessThan(3_000);
  });

  test.each(["[", "a b", "::::", "x:99999"])(
    "a Host header of %j reveals nothing internal",
    async (host) => {
      const outgoing = httpRequest(`${server.url}/graphql`, {
        method: "OPTIONS",
        headers: { host },
      });
      outgoing.end();
      const [response] = await once(outgoing, "response");
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
      expect(response.statusCode).toBeLessThan(500);
      expect(text).not.toMatch(/node_modules|Error/);
    },
  );

  test("an upgrade request that breaks off does not affect the server", async () => {
    const { hostname, port } = new URL(server.url);
    for (let times = 0; times < 100; times++) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      await once(socket, "connect");
      const path = times % 2 === 0 ? "/other" : "/graphql";
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
      socket.resetAndDestroy();
    }
    await clear(server, "nothing");
    expect((await ask("{ viewer { user } }")).data).toEqual({ viewer: { user: "local" } });
  });
});

function upgradeRequest(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
  );
}

function shallowJson(variables: Record<string, unknown>): string {
  if (!Array.isArray(variables.after)) return JSON.stringify(variables);
  return `{"after": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
}
