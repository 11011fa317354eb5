import { createHash, randomBytes } from "node:crypto";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { query, request, subscribeBySse, subscribeOn, socketClient } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { LogLines } from "../log-lines.ts";
import { McpClient } from "../mcp/mcp-client.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { OtlpReceiver, type ReceivedSpan } from "./otlp-receiver.ts";

const setOne = `mutation One($key: String!, $ifRevision: Revision) {
  setEntry(input: { key: $key, value: 1, ifRevision: $ifRevision }) { revision }
}`;
const getOne = `query Get($key: String!) { entry(key: $key) { value } }`;

/** The trace of a caller, in the form that the caller sends. */
function callersTrace() {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}

describe.each(plainDatabases)("traces on $name", ({ create }) => {
  const lines = new LogLines();
  let receiver: OtlpReceiver;
  let server: TestServer;
  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url);
    vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=agents");
    vi.stubEnv("OTEL_SERVICE_NAME", "handoff");
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test");
    vi.stubEnv("OTEL_BSP_SCHEDULE_DELAY", "20");
    const logger = pino({ level: "debug" }, lines.stream);
    server = await startTestServer({ traces: "otlp" }, await create(), logger);
  });
  afterAll(async () => {
    await server.close();
    await receiver[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
  });

  /** Returns the span of an operation, and those of its commits and reads. */
  async function received(traceId: string, title: string, children: readonly string[]) {
    const span = await receiver.find((one) => one.traceId === traceId && one.name === title);
    const below: ReceivedSpan[] = [];
    for (const name of children) {
      below.push(
        await receiver.find((one) => one.parentSpanId === span.spanId && one.name === name),
      );
    }
    return { span, below };
  }

  function post(document: string, variables: object, traceparent: string): Promise<Response> {
    return fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${server.token}`,
        traceparent,
        "x-request-id": "proxy-7",
      },
      body: JSON.stringify({ query: document, variables }),
    });
  }

  test("a write over HTTP is part of its caller's trace, with its commit and without its data", async () => {
    const { traceId, spanId, traceparent } = callersTrace();
    await post(setOne, { key: "secret-key" }, traceparent);
    const { span, below } = await received(traceId, "mutation setEntry", ["commit"]);
    expect(span).toMatchObject({ parentSpanId: spanId, kind: 2 });
    expect(span.attributes).toEqual({
      "graphql.operation.type": "mutation",
      "graphql.operation.name": "One",
      "enduser.pseudo.id": createHash("sha256").update("local").digest("hex").slice(0, 16),
      "baton.code": "OK",
    });
    expect(span.resource).toMatchObject({
      "service.name": "handoff",
      "deployment.environment.name": "test",
    });
    expect(receiver.headers[0]).toMatchObject({ path: "/v1/traces", "x-tenant": "agents" });
    expect(below[0]!.attributes).toMatchObject({
      "baton.commit.operations": 1,
      "baton.commit.commands": 1,
    });
    expect(JSON.stringify(receiver.spans)).not.toContain("secret-key");
    const line = await lines.find((one) => one.traceId === traceId);
    expect(line).toMatchObject({ spanId: span.spanId, requestId: "proxy-7", user: "local" });
  });

  test("a refusal has its code, and a read its statement", async () => {
    const { traceId, traceparent } = callersTrace();
    await post(setOne, { key: "secret-key", ifRevision: "999" }, traceparent);
    const refused = await received(traceId, "mutation setEntry", ["commit"]);
    expect(refused.span).toMatchObject({ attributes: { "baton.code": "CONFLICT" }, status: {} });
    await post(getOne, { key: "k" }, traceparent);
    await received(traceId, "query entry", ["database readEntry"]);
    await post("{ nonsense }", {}, traceparent);
    await received(traceId, "operation", []);
  });

  test("a socket's operations are part of the trace in their extensions, otherwise of that of the connection", async () => {
    const ofSocket = callersTrace();
    const own = callersTrace();
    const client = socketClient(server.url, {
      authorization: `Bearer ${server.token}`,
      traceparent: ofSocket.traceparent,
    });
    const events = subscribeOn(client, `subscription { entryChanged(key: "watched") { kind } }`);
    await received(ofSocket.traceId, "subscription entryChanged", ["database readLogEnds"]);
    for await (const _ of client.iterate({
      query: setOne,
      variables: { key: "watched" },
      extensions: { traceparent: own.traceparent },
    }));
    const { span } = await received(own.traceId, "mutation setEntry", ["commit"]);
    expect(span.parentSpanId).toBe(own.spanId);
    expect(await events.next()).toMatchObject({ kind: "SET" });
    const line = await lines.find((one) => one.traceId === own.traceId);
    expect(line).toMatchObject({ spanId: span.spanId, operation: "mutation One: setEntry" });
    await client.dispose();
  });

  test("a subscription over server-sent events has a span until it has started", async () => {
    const known = receiver.spans.length;
    await using events = await subscribeBySse(server, `subscription { entryChanged { kind } }`);
    const span = await receiver.find(
      (one) => one.name === "subscription entryChanged" && receiver.spans.indexOf(one) >= known,
    );
    expect(span.parentSpanId).toBeUndefined();
    await query(server, setOne, { key: "later" });
    expect(await events.next()).toMatchObject({ kind: "SET" });
  });

  test("an MCP call is part of the trace in its _meta, otherwise of that in its headers", async () => {
    const own = callersTrace();
    const ofHeaders = callersTrace();
    await using mcp = await McpClient.connect(server, {
      headers: { traceparent: ofHeaders.traceparent },
    });
    const call = { name: "baton_get", arguments: { key: "later" } };
    await mcp.client.callTool({ ...call, _meta: { traceparent: own.traceparent } });
    await received(own.traceId, "tools/call baton_get", ["database readEntry"]);
    await mcp.client.callTool(call);
    const { span } = await received(ofHeaders.traceId, "tools/call baton_get", []);
    expect(span.attributes).toMatchObject({ "graphql.operation.type": "mcp", "baton.code": "OK" });
  });

  test("a stream of MCP is part of the trace of its headers", async () => {
    const own = callersTrace();
    const headers = { traceparent: own.traceparent };
    await using _mcp = await McpClient.connect(server, { era: "2025", headers });
    const { span } = await received(own.traceId, "stream", []);
    expect(span.attributes).toMatchObject({ "graphql.operation.type": "mcp", "baton.code": "OK" });
  });

  test("a caller's trace that is not sampled is respected, and not sent", async () => {
    const { traceId, spanId } = callersTrace();
    await post(setOne, { key: "quiet" }, `00-${traceId}-${spanId}-00`);
    const seen = callersTrace();
    await post(setOne, { key: "seen" }, seen.traceparent);
    await received(seen.traceId, "mutation setEntry", []);
    expect(receiver.spans.some((span) => span.traceId === traceId)).toBe(false);
    await lines.find((line) => line.traceId === traceId);
  });
});

test("without the option there are no traces, regardless of the environment and the caller", async () => {
  await using receiver = await OtlpReceiver.start();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url);
  try {
    const lines = new LogLines();
    await using server = await startTestServer(
      {},
      undefined,
      pino({ level: "debug" }, lines.stream),
    );
    await request(server.url, server.token, getOne, { key: "k" });
    const line = await lines.find((one) => one.msg === "request");
    expect(line).not.toHaveProperty("traceId");
    expect(receiver.spans).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
  }
});
