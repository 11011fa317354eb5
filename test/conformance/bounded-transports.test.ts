import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SharedMemory } from "../../src/store/shared-memory.ts";
import { query, request } from "../client.ts";
import { setMany } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

describe("G9 G14: limits of a transport before authentication", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const open = async () => {
    const address = `${server.url.replace("http", "ws")}/graphql`;
    const socket = new WebSocket(address, "graphql-transport-ws");
    await once(socket, "open");
    return socket;
  };
  const closeOf = async (socket: WebSocket) => Number((await once(socket, "close"))[0]);
  const large = JSON.stringify("x".repeat(100_000));

  test("accepts only small messages on a socket without a valid token", async () => {
    const first = await open();
    first.send(`{"type":"connection_init","payload":{"x":${large}}}`);
    expect([4401, 1006]).toContain(await closeOf(first));
    const second = await open();
    second.send('{"type":"connection_init","payload":{"token":"wrong"}}');
    await once(second, "message");
    const payload = `{"query":"{ viewer { user } }","variables":{"x":${large}}}`;
    second.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
    expect([4401, 1006]).toContain(await closeOf(second));
  });

  test("accepts a large first operation with a valid token", async () => {
    const socket = await open();
    socket.send(JSON.stringify({ type: "connection_init", payload: { token: server.token } }));
    await once(socket, "message");
    const document =
      'mutation ($v: JSON!) { setEntry(input: { key: "l", value: $v }) { entry { key } } }';
    const payload = `{"query":${JSON.stringify(document)},"variables":{"v":${large}}}`;
    socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
    const [answer] = await once(socket, "message");
    expect(String(answer)).toContain('{"setEntry":{"entry":{"key":"l"}}}');
    socket.terminate();
  });

  test("counts the memory of a large message in every turn until its operation ends", async () => {
    const { add, remove } = SharedMemory.prototype;
    let turn = 0;
    const counted: { readonly turn: number; readonly bytes: number }[] = [];
    vi.spyOn(SharedMemory.prototype, "add").mockImplementation(function (
      this: SharedMemory,
      ...args
    ) {
      add.apply(this, args);
      counted.push({ turn, bytes: this.bytes });
    });
    vi.spyOn(SharedMemory.prototype, "remove").mockImplementation(function (
      this: SharedMemory,
      ...args
    ) {
      remove.apply(this, args);
      counted.push({ turn, bytes: this.bytes });
    });
    const turns = setInterval(() => turn++, 0);
    try {
      const socket = await open();
      socket.send(JSON.stringify({ type: "connection_init", payload: { token: server.token } }));
      await once(socket, "message");
      // Reading it takes several turns of the event loop.
      const variables = {
        unused: Array.from({ length: 100_000 }, (_, at) => ({ [`m${at}`]: at })),
      };
      const payload = { query: "{ viewer { user } }", variables };
      const message = JSON.stringify({ id: "1", type: "subscribe", payload });
      socket.send(message);
      const [answer] = await once(socket, "message");
      expect(String(answer)).toContain('"payload":{"data"');
      await vi.waitFor(() => expect(counted.at(-1)?.bytes).toBe(0));
      expect(Math.max(...counted.map(({ bytes }) => bytes))).toBeGreaterThan(2 * message.length);
      // It arrives, and its operation takes it over in the same turn.
      const [arrived, ended] = counted.filter(({ bytes }) => bytes === 0);
      const takenOver = counted[counted.indexOf(arrived!) + 1];
      expect(takenOver?.bytes).toBe(2 * message.length);
      expect(takenOver?.turn).toBe(arrived?.turn);
      expect(ended).toBe(counted.at(-1));
      socket.terminate();
    } finally {
      clearInterval(turns);
      vi.restoreAllMocks();
    }
  });

  test.each(["connection_ack", "next", "error"])(
    "closes a client that sends a server's %s, as for any invalid message",
    async (type) => {
      const socket = await open();
      socket.send(JSON.stringify({ type, id: "1", payload: [{ message: "x" }] }));
      expect(await closeOf(socket)).toBe(4400);
    },
  );

  test("releases 4,000 operations that are completed right after they are sent", async () => {
    const socket = await open();
    socket.send(JSON.stringify({ type: "connection_init", payload: { token: server.token } }));
    await once(socket, "message");
    const payload = { query: 'subscription { entryChanged(key: "x") { revision } }' };
    for (let index = 0; index < 4_000; index++) {
      const id = `s${index}`;
      socket.send(JSON.stringify({ id, type: "subscribe", payload }));
      socket.send(JSON.stringify({ id, type: "complete" }));
    }
    // The server executes another operation while it reads those.
    expect((await request(server.url, server.token, "{ viewer { user } }")).status).toBe(200);
    // Several messages can arrive in one turn, so one listener hears all of them.
    const ponged = new Promise<void>((resolve) => {
      socket.on("message", (message) => {
        if (String(message) === '{"type":"pong"}') resolve();
      });
    });
    socket.send('{"type":"ping"}');
    await ponged;
    socket.terminate();
  });

  test("closes a refused body that never ends", async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.write(
      "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /);
    const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    const send = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on("drain", send).resume();
    send();
    await closed;
    expect(socket.bytesWritten).toBeLessThan(256 * 1024 * 1024);
  });

  test("accepts a question mark within a query string", async () => {
    const search =
      "query=query($key:String!){entry(key:$key){key}}&x=?&variables=%7B%22key%22%3A%22?%22%7D";
    const response = await fetch(`${server.url}/graphql?${search}`, {
      headers: { accept: "application/json", authorization: `Bearer ${server.token}` },
    });
    expect(await response.json()).toEqual({ data: { entry: null } });
  });

  test("returns a long list completely and in order, in pieces, on both transports", async () => {
    const entries = Array.from({ length: 500 }, (_, at) => ({
      key: `k${String(at).padStart(3, "0")}`,
      value: at,
    }));
    await setMany(server, "long", entries);
    const aliases = Array.from({ length: 40 }, (_, at) => `a${at}: key`).join(" ");
    // These can wait for a turn as a whole.
    const lists = Array.from({ length: 10 }, (_, at) => `l${at}: nodes { key }`).join(" ");
    const document = `{ entries(namespace: "long", first: 500) { nodes { value ${aliases} } edges { cursor } ${lists} } }`;
    const { entries: page } = await query(server, document);
    expect(page.nodes.map(({ value }: { value: number }) => value)).toEqual(
      entries.map(({ value }) => value),
    );
    expect(page.nodes[499].a39).toBe("k499");
    expect(page.edges.length).toBe(500);
    expect(page.l9).toEqual(entries.map(({ key }) => ({ key })));
    const socket = await open();
    socket.send(JSON.stringify({ type: "connection_init", payload: { token: server.token } }));
    await once(socket, "message");
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: document } }));
    const [message] = await once(socket, "message");
    expect(JSON.parse(String(message)).payload.data.entries).toEqual(page);
    socket.terminate();
  });
});
