import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import pino, { type Logger } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { defaultConfig } from "../../src/config.ts";
import { isLoopHeld } from "../../src/event-loop.ts";
import { CallBounds } from "../../src/store/call-bounds.ts";
import { reachOf } from "../../src/store/model/viewer.ts";
import { SharedMemory } from "../../src/store/shared-memory.ts";
import { createListeningServer } from "../../src/tls-files.ts";
import { boundConnections, mostConnections } from "../../src/transport/bound-connections.ts";
import { HttpRefusal } from "../../src/transport/http-refusal.ts";
import { readBody } from "../../src/transport/read-body.ts";
import { SocketIntake } from "../../src/transport/socket-intake.ts";
import { LogLines } from "../log-lines.ts";

/** The bounds of the server, with shorter times. */
const times = { headersTimeout: 300, connectionsCheckingInterval: 50 };
const pace = { periodMs: 300, bytesPerPeriod: 1_000 };

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Listening {
  open(): Promise<Client>;
}

interface Client {
  readonly socket: Socket;
  /** The text that has arrived. */
  text(): string;
}

async function listen(
  listener: RequestListener,
  logger: Logger = pino({ level: "silent" }),
  maxConnections: number | null = null,
): Promise<Listening> {
  const { http } = createListeningServer({ tlsCertFile: "", tlsKeyFile: "" }, times);
  http.on("request", listener);
  boundConnections(http, { keepAliveMs: 60_000, maxBodyBytes: 1_000_000, maxConnections, logger });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  ends.push(() => {
    http.close();
    http.closeAllConnections();
  });
  const { port } = http.address() as AddressInfo;
  return {
    async open() {
      const socket = connect(port, "127.0.0.1");
      let text = "";
      socket.setEncoding("utf8").on("data", (more: string) => (text += more));
      socket.on("error", () => {});
      ends.push(() => socket.destroy());
      await once(socket, "connect");
      return { socket, text: () => text };
    },
  };
}

/** Sends the text repeatedly until the connection closes. */
function repeat({ socket }: Client, text: string, intervalMs: number): void {
  const sending = setInterval(() => socket.write(text), intervalMs);
  socket.once("close", () => clearInterval(sending));
}

const respond: RequestListener = (request, response) => {
  request.resume();
  response.end("here");
};

test("G9: slow headers end a connection, those of each request; so does a new connection without a request", async () => {
  const { open } = await listen(respond);
  const [silent, first, second, idle] = [await open(), await open(), await open(), await open()];
  for (const { socket, text } of [second, idle]) {
    socket.write("GET / HTTP/1.1\r\nHost: baton\r\n\r\n");
    await expect.poll(text).toMatch(/here$/);
  }
  const slow = [first, second];
  for (const client of slow) {
    client.socket.write("GET / HTTP/1.1\r\nHost: baton\r\nX-Slow: ");
    repeat(client, "x", 20);
  }
  await Promise.all([silent, ...slow].map(({ socket }) => once(socket, "close")));
  expect(silent.text()).toBe("");
  for (const { text } of slow) expect(text()).toMatch(/HTTP\/1\.1 408 .*did not arrive in time/s);
  expect(idle.socket.readyState).toBe("open");
});

test("connections beyond the limit are closed, and one line of the log says so", async () => {
  const lines = new LogLines();
  const { open } = await listen(respond, pino(lines.stream), 2);
  const accepted = [await open(), await open()];
  for (const { socket } of [await open(), await open(), await open()]) {
    if (!socket.closed) await once(socket, "close");
  }
  expect(accepted.map(({ socket }) => socket.readyState)).toEqual(["open", "open"]);
  expect(lines.all).toMatchObject([{ maxConnections: 2, refused: 1 }]);
});

test("the limit of connections follows from the process's limit of open files", () => {
  const limits = (files: string) => `Max open files            ${files}     524288     files\n`;
  expect(mostConnections(limits("1024"))).toBe(924);
  expect(mostConnections(limits("64"))).toBe(32);
  expect(mostConnections(limits("unlimited"))).toBe(null);
  expect(mostConnections("")).toBe(null);
});

describe("G9 G14: the body of an accepted request", () => {
  const viewer = { userId: "ann", agent: null, tokenId: "one", grants: [], reach: reachOf([]) };
  const bounds = new CallBounds(defaultConfig());
  const listenForBodies = (memory: SharedMemory) =>
    listen((request, response) => {
      const options = { response, maxBytes: 10_000_000, memory, viewer, bounds, pace };
      readBody(request, options).then(
        (blocks) => {
          const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
          response.end(`read ${bytes} in ${blocks.length} blocks`);
        },
        (error: unknown) => {
          response.end(error instanceof HttpRefusal ? `refused ${error.status}` : String(error));
          request.resume();
        },
      );
    });
  const head = (bytes: number) =>
    `POST / HTTP/1.1\r\nHost: baton\r\nContent-Length: ${bytes}\r\n\r\n`;
  const chunked = "POST / HTTP/1.1\r\nHost: baton\r\nTransfer-Encoding: chunked\r\n\r\n";

  test("is refused if it is slower than 1 KiB per second, also after a fast beginning", async () => {
    const memory = new SharedMemory(10_000_000);
    const { open } = await listenForBodies(memory);
    const [declared, inChunks, large] = [await open(), await open(), await open()];
    declared.socket.write(head(5_000));
    repeat(declared, "x", 20);
    inChunks.socket.write(chunked);
    repeat(inChunks, "1\r\nx\r\n", 20);
    large.socket.write(head(1_000_000) + "x".repeat(900_000));
    await expect.poll(() => memory.bytes).toBe(1_800_000);
    repeat(large, "x", 20);
    for (const { text } of [declared, inChunks, large]) {
      await expect.poll(text, { timeout: 5_000 }).toMatch(/refused 408/);
    }
    expect(memory.bytes).toBe(0);
  });

  test("is read if it is ten times as fast, for many periods", async () => {
    const { open } = await listenForBodies(new SharedMemory(10_000_000));
    const client = await open();
    client.socket.write(head(50_000));
    repeat(client, "x".repeat(1_000), 30);
    await expect.poll(client.text, { timeout: 5_000 }).toMatch(/read 50000 /);
  });

  test("is kept in few blocks, if each of its chunks has one byte", async () => {
    const { open } = await listenForBodies(new SharedMemory(10_000_000));
    const client = await open();
    client.socket.write(`${chunked}${"1\r\nx\r\n".repeat(10_000)}0\r\n\r\n`);
    await expect.poll(client.text, { timeout: 5_000 }).toMatch(/read 10000 in [1-9] blocks/);
  });

  test("holds memory for the bytes that have arrived, and not for the length that it declares", async () => {
    const memory = new SharedMemory(10_000_000);
    const { open } = await listenForBodies(memory);
    const client = await open();
    client.socket.write(head(10_000_000) + "x".repeat(100_000));
    await expect.poll(() => memory.bytes).toBe(200_000);
    expect(memory.hasRoom("bob", 4_000_000)).toBe(true);
    client.socket.destroy();
    await expect.poll(() => memory.bytes).toBe(0);
  });

  test("waits for memory, and bodies that wait for each other end with one refusal", async () => {
    const memory = new SharedMemory(1_000_000, 100);
    const { open } = await listenForBodies(memory);
    const clients = [await open(), await open()];
    for (const { socket } of clients) socket.write(head(200_000) + "x".repeat(110_000));
    await expect.poll(() => memory.bytes).toBe(440_000);
    for (const { socket } of clients) socket.write("x".repeat(90_000));
    const texts = () => clients.map(({ text }) => text().split("\r\n\r\n")[1]).toSorted();
    await expect
      .poll(texts)
      .toEqual([
        expect.stringContaining("as much memory as one user can have"),
        expect.stringContaining("read 200000 "),
      ]);
    await expect.poll(() => memory.bytes).toBe(0);
  });
});

/** A socket of a client, and the server's intake of it. */
async function openIntake() {
  const memory = new SharedMemory(10_000_000);
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  ends.push(() => sockets.close());
  await once(sockets, "listening");
  const { port } = sockets.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  ends.push(() => client.terminate());
  const connected = once(sockets, "connection");
  const upgraded = once(client, "upgrade") as Promise<[IncomingMessage]>;
  const [[socket, { socket: stream }]] = await Promise.all([connected, once(client, "open")]);
  const intake = new SocketIntake({ socket, stream, memory, userId: () => "ann" });
  socket.on("message", () => intake.messageEnded());
  const [{ socket: raw }] = await upgraded;
  return { memory, client, raw, socket, stream, check: () => intake.checkPace(pace) };
}

test("G9: a message of a socket whose parts are slow ends the socket; a fast one and pongs do not", async () => {
  const { memory, client, socket, stream, check } = await openIntake();
  /** Sends a part of a message, and waits until it has arrived. */
  const send = async (bytes: number, fin: boolean) => {
    const arrived = once(stream, "data");
    client.send("x".repeat(bytes), { fin });
    await arrived;
  };

  for (let period = 0; period < 5; period++) {
    client.pong();
    await once(socket, "pong");
    check();
  }
  for (let period = 0; period < 5; period++) {
    await send(2_000, period === 4);
    check();
  }
  expect(socket.readyState).toBe(WebSocket.OPEN);

  await send(100_000, false);
  await expect.poll(() => memory.bytes).toBeGreaterThan(200_000);
  check();
  await send(10, false);
  client.ping();
  await once(client, "pong");
  check();
  await once(client, "close");
  expect(memory.bytes).toBe(0);
});

test("G14: a message in parts of one byte is kept in few buffers", async () => {
  const { socket, stream } = await openIntake();
  const { _receiver: kept } = socket as unknown as {
    readonly _receiver: { readonly _buffers: Buffer[]; readonly _fragments: Buffer[] };
  };
  const arrived = once(socket, "message") as Promise<[Buffer]>;
  let most = 0;
  const receive = async (bytes: Buffer) => {
    stream.emit("data", bytes);
    // It waits for its turn.
    while (stream.isPaused()) await turn();
    most = Math.max(most, kept._buffers.length, kept._fragments.length);
  };
  const mask = [0, 0, 0, 0];
  const text = Array.from({ length: 20_000 }, (_, index) => 97 + (index % 26));
  // Half of it is in frames of one byte, and the rest in one frame that arrives byte by byte.
  for (const [index, byte] of text.slice(0, 10_000).entries()) {
    await receive(Buffer.from([index === 0 ? 1 : 0, 0x81, ...mask, byte]));
  }
  await receive(Buffer.from([0x80, 0xfe, 10_000 >> 8, 10_000 & 0xff, ...mask]));
  for (const byte of text.slice(10_000)) await receive(Buffer.from([byte]));
  const [message] = await arrived;
  expect(message.equals(Buffer.from(text))).toBe(true);
  expect(most).toBeLessThan(100);
});

test("G9: a socket is not too slow while it waits for its turn", async () => {
  const { client, socket, stream, check } = await openIntake();
  const arrived = once(stream, "data");
  client.send("a part", { fin: false });
  await arrived;
  check();
  while (!isLoopHeld());
  const rest = Buffer.from([0x80, 0x81, 0, 0, 0, 0, 0x2e]);
  stream.emit("data", rest);
  check();
  const [message] = (await once(socket, "message")) as [Buffer];
  expect([message.toString(), socket.readyState]).toEqual(["a part.", WebSocket.OPEN]);
});

test(
  "G9: data after a close frame does not delay the end of a socket that waits for its turn",
  { timeout: 10_000 },
  async () => {
    const { raw, socket } = await openIntake();
    socket.once("pong", () => {
      while (!isLoopHeld());
    });
    const frame = (opcode: number) => Buffer.from([0x80 | opcode, 0x80, 0, 0, 0, 0]);
    raw.write(Buffer.concat([frame(0xa), frame(0x8), Buffer.alloc(9_000)]));
    await once(socket, "close");
  },
);

test.each(["ended", "destroyed"] as const)(
  "G14: sockets whose connections are %s at the same time end in turns, and each ends once",
  async (what) => {
    const opened = [await openIntake(), await openIntake(), await openIntake()];
    const failing = await openIntake();
    const turnOf = () => performance.nodeTiming.uvMetricsInfo.loopCount;
    const hold = () => {
      while (!isLoopHeld());
    };
    const turns: number[] = [];
    for (const { socket } of opened) {
      const { _receiver: receiver } = socket as unknown as { readonly _receiver: Writable };
      // `ws` ends its receiver when it learns that the connection has ended.
      receiver.once("finish", () => {
        turns.push(turnOf());
        hold();
      });
    }
    const all = [failing, ...opened];
    const closed = Promise.all(all.map(({ socket }) => once(socket, "close")));
    hold();
    turns.push(turnOf());
    for (const { stream } of all) {
      if (what === "ended") stream.emit("end");
      else stream.destroy();
    }
    // While its end waits for a turn, its connection fails.
    failing.stream.destroy();
    await closed;
    expect(new Set(turns).size).toBe(4);
  },
);
