import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCodes } from "../../src/errors.ts";
import { get } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

describe("G10: HTTP", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("passes the audit suite of the GraphQL-over-HTTP specification", async () => {
    const audits = serverAudits({
      url: `${server.url}/graphql`,
      fetchFn: (url: string, init: RequestInit = {}) =>
        fetch(url, {
          ...init,
          headers: { ...(init.headers as object), authorization: `Bearer ${server.token}` },
        }),
    });
    const results = await Promise.all(audits.map(async (audit) => audit.fn()));
    expect(results.length).toBeGreaterThan(50);
    expect(results.filter(({ status }) => status !== "ok")).toEqual([]);
  });

  const json = { "content-type": "application/json" };
  const subscription = '{"query":"subscription { entryChanged { kind } }"}';
  const viewer = '{"query":"{ viewer { user } }"}';

  interface Case {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly status: number;
    readonly message: RegExp;
    readonly allow?: string;
    readonly code?: string;
  }

  test.each<[string, Case]>([
    [
      "a subscription that accepts only JSON",
      {
        headers: { ...json, accept: "application/json" },
        body: subscription,
        status: 406,
        message: /text\/event-stream/,
      },
    ],
    [
      "a subscription that accepts a picture",
      {
        headers: { ...json, accept: "image/png" },
        body: subscription,
        status: 406,
        message: /text\/event-stream/,
      },
    ],
    [
      "a subscription by GET that accepts only JSON",
      {
        path: "/graphql?query=subscription{entryChanged{kind}}",
        method: "GET",
        headers: { accept: "application/json" },
        status: 406,
        message: /text\/event-stream/,
      },
    ],
    [
      "a query that accepts only HTML",
      {
        headers: { ...json, accept: "text/html" },
        body: viewer,
        status: 406,
        message: /application\/json/,
      },
    ],
    [
      "a query that accepts only events",
      {
        headers: { ...json, accept: "text/event-stream" },
        body: viewer,
        status: 406,
        message: /Only a subscription/,
      },
    ],
    [
      "a mutation that accepts only HTML, which is not executed",
      {
        headers: { ...json, accept: "text/html" },
        body: '{"query":"mutation { setEntry(input: { key: \\"refused\\", value: 1 }) { revision } }"}',
        status: 406,
        message: /application\/json/,
      },
    ],
    [
      "a mutation by GET, which is not executed",
      {
        path: `/graphql?query=${encodeURIComponent('mutation { setEntry(input: { key: "refused", value: 1 }) { revision } }')}`,
        method: "GET",
        headers: { accept: "application/json" },
        status: 405,
        message: /POST/,
        allow: "POST",
      },
    ],
    [
      "a GET without a query",
      { method: "GET", headers: { accept: "application/json" }, status: 400, message: /query/ },
    ],
    ...["PUT", "PATCH", "DELETE"].map((method): [string, Case] => [
      `the method ${method}`,
      { method, status: 405, message: /GET/ },
    ]),
    ["another path", { path: "/other", method: "GET", status: 404, message: /\/graphql/ }],
    [
      "another path by POST",
      { path: "/v1/graphql", body: viewer, status: 404, message: /\/graphql/ },
    ],
    [
      "no token",
      {
        headers: { ...json, authorization: "" },
        body: viewer,
        status: 401,
        message: /token/i,
        code: "UNAUTHENTICATED",
      },
    ],
    [
      "no content type",
      {
        body: viewer,
        headers: { "content-type": "text/plain" },
        status: 400,
        message: /application\/json/,
      },
    ],
    ["a body that is not JSON", { body: "{", headers: json, status: 400, message: /JSON/ }],
    ["an empty body", { body: "", headers: json, status: 400, message: /JSON/ }],
    [
      "variables that are refused, as a GraphQL response",
      {
        headers: { ...json, accept: "application/graphql-response+json" },
        body: '{"query":"query ($a: Int) { entries(first: $a) { nodes { key } } }","variables":{"a":"x"}}',
        status: 400,
        message: /\$a/,
      },
    ],
  ])("refuses %s in the usual form", async (_name, expected) => {
    const { path = "/graphql", method = "POST", headers = {}, body } = expected;
    const response = await fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${server.token}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    expect(response.status).toBe(expected.status);
    expect(response.headers.get("content-type")).toMatch(
      /^application\/(json|graphql-response\+json); charset=utf-8$/,
    );
    if (expected.status === 405)
      expect(response.headers.get("allow")).toBe(expected.allow ?? "GET, POST, OPTIONS");
    const { errors } = (await response.json()) as {
      errors: { message: string; extensions: { code: string } }[];
    };
    expect(errors[0]?.message).toMatch(expected.message);
    expect(errors[0]?.extensions.code).toBe(expected.code ?? "BAD_USER_INPUT");
    expect(await get(server, "refused")).toBeNull();
  });

  test.each<[string, string, number]>([
    ["text that is not HTTP", "hello\r\n\r\n", 400],
    ["an unknown method", "TRACEY /graphql HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["endless headers", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(100_000)}\r\n\r\n`, 431],
    [
      "a socket for another path",
      "GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      404,
    ],
  ])("refuses %s in the usual form", async (_name, sent, status) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write(sent);
    const answer = await text(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const { errors } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
    expect(errorCodes).toContain(errors[0].extensions.code);
    expect(errors[0].message.length).toBeGreaterThan(10);
  });
});
