import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request } from "../client.ts";
import { startTestServer, type TestServer } from "../server.ts";

const opcodes = { continuation: 0, text: 1, ping: 9 };

/** A client's frame with a short payload. The mask is 0, which leaves the payload unchanged. */
function frame(opcode: number, payload: string, isLast = true): Buffer {
  return Buffer.from([
    (isLast ? 0x80 : 0) | opcode,
    0x80 | payload.length,
    0,
    0,
    0,
    0,
    ...Buffer.from(payload),
  ]);
}

const repeated = (count: number, bytes: Buffer) => Buffer.alloc(count * bytes.length, bytes);

describe("G14: a burst on many connections does not hold another user's request until its end", () => {
  let server: TestServer;
  let neighbour: string;
  beforeAll(async () => {
    server = await startTestServer();
    neighbour = (await server.createToken({ userId: "neighbour" })).secret;
  });
  afterAll(() => server.close());

  const open = async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return socket;
  };
  const headers = () => `host: x\r\nauthorization: Bearer ${server.token}\r\n`;
  const openWebSocket = async () => {
    const socket = await open();
    socket.write(
      `GET /graphql HTTP/1.1\r\n${headers()}connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
    );
    await once(socket, "data");
    socket.write(frame(opcodes.text, '{"type":"connection_init"}'));
    await once(socket, "data");
    return socket;
  };
  const post = (query: string) => {
    const body = JSON.stringify({ query });
    return Buffer.from(
      `POST /graphql HTTP/1.1\r\n${headers()}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  };
  /** The server responds to it after it has read what was sent before. */
  const lastFrame = frame(opcodes.ping, "");

  // Each burst fits into one chunk of its connection, so that Node passes all of it on in one turn of the event loop.
  test.each([
    {
      what: "9,000 fragments of a byte on each of 20 sockets",
      connections: 20,
      opened: openWebSocket,
      burst: () =>
        Buffer.concat([
          frame(opcodes.text, "x", false),
          repeated(9_000, frame(opcodes.continuation, "x", false)),
          lastFrame,
        ]),
    },
    {
      what: "a request on each of 600 connections",
      connections: 600,
      opened: open,
      burst: () => post("{ viewer { user } }"),
    },
  ])("$what", async ({ connections, opened, burst }) => {
    const read = () => request(server.url, neighbour, '{ entry(key: "k") { value } }');
    const sockets = await Promise.all(Array.from({ length: connections }, opened));
    try {
      await read();
      const bytes = burst();
      let answered = 0;
      const all = sockets.map(async (socket) => {
        await once(socket, "data");
        answered++;
      });
      for (const socket of sockets) socket.write(bytes);
      await read();
      const before = answered;
      await Promise.all(all);
      expect(before).toBeLessThan(connections / 2);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
