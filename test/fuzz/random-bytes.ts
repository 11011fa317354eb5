import { tools } from "../../src/mcp/tools.ts";
import type { Random } from "./random.ts";

const requests = [
  "POST /graphql HTTP/1.1\r\nHost: x\r\n",
  "GET /graphql?query={viewer{user}}&variables={} HTTP/1.1\r\nHost: x\r\n",
  "POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
  "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
  "OPTIONS /graphql HTTP/1.1\r\nHost: x\r\n",
];
const headers = [
  "Content-Length: 5\r\n",
  "Content-Length: -1\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Accept: text/event-stream\r\n",
  "Connection: close\r\n",
  "Baton-Agent: \u00ff\r\n",
  "Origin: http://x\r\n",
  ": \r\n",
];

/** The bytes of a connection: a garbled request, or bytes that are not HTTP. */
export function connectionBytes(random: Random, token: string): Buffer {
  if (random.percent(30)) return random.bytes(200);
  let text = random.pick(requests);
  if (random.percent(70)) text += `Authorization: Bearer ${token}\r\n`;
  while (random.percent(60)) text += random.pick(headers);
  text += `\r\n${random.pick(["", "hello", "5\r\nhello\r\n0\r\n\r\n", '{"query":"{viewer{user}}"}'])}`;
  const whole = random.percent(60) ? random.garble(text) : text;
  return Buffer.concat([Buffer.from(whole, "latin1"), random.bytes(30)]);
}

const types = [
  "connection_init",
  "connection_ack",
  "ping",
  "pong",
  "subscribe",
  "next",
  "error",
  "complete",
  "x",
];

/** A valid or nearly valid message of the socket's protocol. */
export function socketMessage(random: Random): string | Buffer {
  if (random.percent(20))
    return random.percent(50) ? random.bytes(100) : random.bytes(100).toString("latin1");
  const payload = random.pick<unknown>([
    { query: "{ viewer { user } }" },
    { query: "{ viewer { user } }", variables: [], extensions: 1 },
    { query: 1 },
    { token: {} },
    "text",
    null,
    [],
    undefined,
  ]);
  const id = random.pick<unknown>(["1", "2", "", 3, null, "x".repeat(300), "__proto__"]);
  const text = JSON.stringify({ id, type: random.pick(types), payload });
  return random.percent(30) ? random.garble(text) : text;
}

const methods = [
  "initialize",
  "ping",
  "tools/list",
  "tools/call",
  "resources/read",
  "resources/list",
  "resources/subscribe",
  "subscriptions/listen",
  "notifications/cancelled",
  "x",
];

/** The body of a request to `/mcp`: bytes, a garbled message, or a tool call with unusual arguments. */
export function mcpBody(random: Random): string | Buffer {
  if (random.percent(50))
    return random.percent(50)
      ? random.bytes(200)
      : random.garble('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  const method = random.pick(methods);
  const odd = () =>
    random.pick<unknown>([
      "k",
      "",
      1,
      -1,
      1.5,
      null,
      true,
      [],
      {},
      ["a"],
      "x".repeat(2_000),
      "\u0000",
      "0",
    ]);
  const { name, listed } = random.pick(tools);
  const properties = Object.keys((listed.inputSchema as { properties?: object }).properties ?? {});
  const args = Object.fromEntries(
    properties
      .filter((property) => property === "timeoutSeconds" || random.percent(50))
      .map((property) => [
        property,
        property === "timeoutSeconds" ? random.pick([0, -1, 999, "x"]) : odd(),
      ]),
  );
  const params = random.pick<unknown>([
    { name, arguments: args },
    { name, arguments: args },
    { name: odd(), arguments: odd() },
    { uri: random.pick(["baton://default/k", "baton://", "x", ""]) },
    { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: odd(), version: "1" } },
    { notifications: { resourceSubscriptions: [odd()] } },
    odd(),
  ]);
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: random.pick<unknown>([1, "a", null, {}]),
    method,
    params,
  });
  return random.percent(10) ? random.garble(body) : body;
}
