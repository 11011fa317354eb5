// Bursts of one user on many connections: many small pieces of work that arrive in one turn of the event loop.

import { once } from "node:events";
import { connect } from "node:net";
import { bodyOf } from "./operations.mjs";
import { frameOf, opcodes, RawWebSocket } from "./web-socket.mjs";

const empty = Buffer.alloc(0);
const one = Buffer.from("x");
const many = (count, make) => Array.from({ length: count }, (_, at) => make(at));
const message = (value) => frameOf(opcodes.text, Buffer.from(JSON.stringify(value)));
const subscribe = (id, query, variables) =>
  message({ id, type: "subscribe", payload: { query, variables } });

async function openSocket({ url, token }) {
  const socket = await RawWebSocket.open(`${url}/graphql`);
  const opened = new Promise((resolve) => (socket.onMessage = resolve));
  socket.send(
    JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }),
  );
  await opened;
  socket.onMessage = () => {};
  return socket;
}

/** Resolves with a function that waits for this many more messages that contain the text, or for the socket's end. */
const counter = (socket, text) => {
  let seen = 0;
  let check = () => {};
  let refused;
  const failed = new Promise((_resolve, reject) => {
    refused = (received) => reject(new Error(`A case was refused: ${received}`));
  });
  failed.catch(() => {});
  socket.onMessage = (received) => {
    if (received.includes(text)) seen += 1;
    if (received.includes('"errors"') || received.includes('"error"')) refused(received);
    check();
  };
  const closed = new Promise((resolve) => (socket.onClose = resolve));
  return (count) =>
    Promise.race([
      closed,
      failed,
      new Promise((resolve) => {
        check = () => seen >= count && resolve();
        check();
      }),
    ]);
};

/** Sends frames on several sockets at the same time, and waits until the server has read them all. */
const bursts = (count, framesOf) => async (server) => {
  const sockets = await Promise.all(many(count, () => openSocket(server)));
  const waits = sockets.map((socket) => counter(socket, '"pong"'));
  const frames = sockets.map((_, at) => [...framesOf(at), message({ type: "ping" })]);
  for (const [at, socket] of sockets.entries()) socket.sendFrames(frames[at]);
  await Promise.all(waits.map((wait) => wait(1)));
  for (const socket of sockets) socket.close();
};

/** Opens connections at the same time, and returns them once each is connected. */
async function connectMany({ url }, count) {
  const { hostname, port } = new URL(url);
  const sockets = many(count, () => connect(Number(port), hostname).on("error", () => {}));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets;
}

const postOf = (token, body) =>
  `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const answered = (sockets) =>
  Promise.all(
    sockets.map(
      (socket) => new Promise((resolve) => socket.once("data", resolve).once("close", resolve)),
    ),
  );
const read = bodyOf('{ entry(key: "mine") { value } }', {});
const wait = "query ($key: String!) { awaitEntry(key: $key, timeoutSeconds: 60) { key } }";
const aliased = (name, count) =>
  `subscription { entryChanged(key: "none") { ${many(count, (at) => `${name}_${at}: kind`).join(" ")} } }`;

/** Begins waits on several sockets, runs work when they are open, and closes the sockets. */
const withWaits = (socketCount, waits, work) => async (server) => {
  const sockets = await Promise.all(many(socketCount, () => openSocket(server)));
  const pongs = sockets.map((socket) => counter(socket, '"pong"'));
  for (const [at, socket] of sockets.entries()) {
    socket.sendFrames([
      ...many(waits, (index) => subscribe(`w${index}`, wait, { key: `none-${at}-${index}` })),
      message({ type: "ping" }),
    ]);
  }
  await Promise.all(pongs.map((pong) => pong(1)));
  await work(sockets);
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The cases, by the name of their row in the table. */
export const burstCases = {
  "10,000 pings on each of 30 sockets": bursts(30, () =>
    many(10_000, () => frameOf(opcodes.ping, empty)),
  ),
  "16,000 fragments of a byte on each of 20 sockets": bursts(20, () => [
    ...many(16_000, (at) => frameOf(at === 0 ? opcodes.text : opcodes.continuation, one, false)),
  ]),
  "2,000 messages of ping on each of 30 sockets": bursts(30, () =>
    many(2_000, () => message({ type: "pong" })),
  ),
  "100 waits on each of 30 sockets": withWaits(30, 100, async (sockets) => {
    for (const socket of sockets) socket.close();
  }),
  "30 sockets with 60 waits each end": withWaits(30, 60, async (sockets) => {
    await pause(500);
    for (const socket of sockets) socket.close();
    await pause(500);
  }),
  "1,000 sockets with 5 waits each end": withWaits(1_000, 5, async (sockets) => {
    await pause(1_000);
    for (const socket of sockets) socket.close();
    await pause(1_000);
  }),
  "50 different subscriptions on each of 5 sockets": bursts(5, (socket) =>
    many(50, (at) => subscribe(`s${at}`, aliased(`a${socket}_${at}`, 20))),
  ),
  "50 long subscriptions on each of 5 sockets": bursts(5, (socket) =>
    many(50, (at) => subscribe(`s${at}`, aliased(`a${socket}_${at}`, 400))),
  ),
  "100 subscriptions and completes on each of 30 sockets": bursts(30, (socket) =>
    many(100, (at) => [
      subscribe(`s${at}`, `subscription { entryChanged(key: "k${socket}") { kind } }`),
      message({ id: `s${at}`, type: "complete" }),
    ]).flat(),
  ),
  "400 connections with a read each": async (server) => {
    const { hostname, port } = new URL(server.url);
    const text = postOf(server.token, read);
    const sockets = many(400, () =>
      connect(Number(port), hostname)
        .on("error", () => {})
        .on("connect", function () {
          this.write(text);
        }),
    );
    await answered(sockets);
    for (const socket of sockets) socket.destroy();
  },
  "a read on each of 1,000 open connections": async (server) => {
    const sockets = await connectMany(server, 1_000);
    await pause(500);
    for (const socket of sockets) socket.write(postOf(server.token, read));
    await answered(sockets);
    for (const socket of sockets) socket.destroy();
  },
  "3,000 connections close": async (server) => {
    const sockets = await connectMany(server, 3_000);
    await pause(1_000);
    for (const socket of sockets) socket.destroy();
    await pause(500);
  },
  "1,000 connections close during a read": async (server) => {
    const sockets = await connectMany(server, 1_000);
    await pause(500);
    for (const socket of sockets) socket.write(postOf(server.token, read));
    await pause(20);
    for (const socket of sockets) socket.resetAndDestroy();
    await pause(500);
  },
};
