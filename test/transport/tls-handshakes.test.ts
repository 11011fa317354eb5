import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { takeHandshakesInTurns } from "../../src/tls-handshakes.ts";

const fileOf = (part: string) => readFile(new URL(`../tls/first.${part}.pem`, import.meta.url));
const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe("TLS handshakes", () => {
  let server: HttpsServer;
  /** For each handshake, the turn of the event loop in which it began. */
  let turns: number[];
  let opened: Socket[];
  const open = async (): Promise<Socket> => {
    const accepted = once(server, "connection");
    const socket = connect(portOf(server), "127.0.0.1").on("error", () => {});
    opened.push(socket);
    await accepted;
    return socket;
  };

  /** @param waitMs how long a connection can wait for its first bytes */
  const start = async (waitMs: number) => {
    turns = [];
    opened = [];
    const [cert, key] = await Promise.all([fileOf("cert"), fileOf("key")]);
    server = createHttpsServer({ cert, key }, (_request, response) => response.end("done"));
    // Node emits the secrets of a handshake while it computes the first response.
    server.on("keylog", (line: Buffer) => {
      if (!line.toString().startsWith("SERVER_HANDSHAKE_TRAFFIC_SECRET")) return;
      turns.push(performance.nodeTiming.uvMetricsInfo.loopCount);
    });
    takeHandshakesInTurns(server, waitMs);
    await once(server.listen(0, "127.0.0.1"), "listening");
  };
  afterEach(() => {
    for (const socket of opened) socket.destroy();
    server.close();
    server.closeAllConnections();
  });

  test("G14: 200 that begin at the same time take turns", async () => {
    await start(60_000);
    const hello = await clientHello();
    const sockets: Socket[] = [];
    while (sockets.length < 200) sockets.push(await open());
    const answers = sockets.map((socket) => once(socket, "data"));
    for (const socket of sockets) socket.write(hello);
    await Promise.all(answers);
    const inTurn = new Map<number, number>();
    for (const turn of turns) inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
    expect(turns).toHaveLength(200);
    expect(Math.max(...inTurn.values())).toBeLessThan(100);
  });

  test("a handshake in several pieces succeeds", async () => {
    await start(60_000);
    const raw = await open();
    const cert = await fileOf("cert");
    // Each byte that the client writes is sent separately.
    raw.setNoDelay(true);
    const relay = createServer((from) => {
      from
        .on("error", () => {})
        .on("data", (chunk: Buffer) => {
          for (const byte of chunk) raw.write(Buffer.from([byte]));
        });
      raw.pipe(from);
    });
    await once(relay.listen(0, "127.0.0.1"), "listening");
    const socket = connectTls({ port: portOf(relay), host: "127.0.0.1", ca: [cert] });
    opened.push(socket);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/done/);
    relay.close();
  });

  test("a connection without bytes is closed", async () => {
    await start(50);
    const silent = await open();
    await once(silent.resume(), "close");
    const ended = await open();
    await once(ended.resume().end(), "close");
    expect(turns).toEqual([]);
  });

  test("a connection that its client resets before its first bytes changes nothing", async () => {
    await start(60_000);
    const reset = await open();
    reset.resetAndDestroy();
    const next = await open();
    const answer = once(next, "data");
    next.write(await clientHello());
    await answer;
    expect(turns).toHaveLength(1);
  });
});

/** The first bytes of a client. */
async function clientHello(): Promise<Buffer> {
  const listener = createServer();
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const client = connectTls({ port: portOf(listener), host: "127.0.0.1" }).on("error", () => {});
  const [socket] = (await once(listener, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  client.destroy();
  listener.close();
  return hello;
}
