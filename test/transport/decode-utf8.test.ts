import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { performance } from "node:perf_hooks";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ReceivedBytes } from "../../src/received-bytes.ts";
import { decodeUtf8 } from "../../src/transport/decode-utf8.ts";
import { textOf } from "../../src/transport/read-body.ts";
import { SocketReader } from "../../src/transport/socket-reader.ts";

test("any text is decoded from chunks that end within its characters, and nothing else is", async () => {
  const cut = fc.nat(9);
  const text = fc.string({ unit: fc.constantFrom("a", "é", "€", "😀") });
  await fc.assert(
    fc.asyncProperty(text, fc.array(cut), fc.uint8Array(), async (begin, cuts, end) => {
      const bytes = Buffer.concat([Buffer.from(begin), end]);
      const received = new ReceivedBytes();
      let at = 0;
      for (const length of cuts) received.add(bytes.subarray(at, (at += length)));
      received.add(bytes.subarray(at));
      const blocks = [...cuts, bytes.length].map((length, index) => {
        const from = cuts.slice(0, index).reduce((sum, next) => sum + next, 0);
        return bytes.subarray(from, from + length);
      });
      const expected = whole(bytes);
      expect(received.length).toBe(bytes.length);
      expect(await decodeUtf8(received.take(), "ann")).toBe(expected);
      expect(await decodeUtf8(blocks, "ann")).toBe(expected);
    }),
  );
});

/** What the decoder of the platform returns for all bytes in one step. */
function whole(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const large = "é".repeat(4_000_000);
const loopCount = () => performance.nodeTiming.uvMetricsInfo.loopCount;

test("G14: a large body is decoded in many turns", async () => {
  const body = [Buffer.from(large)];
  const first = loopCount();
  expect((await textOf(body, "ann")) === large).toBe(true);
  expect(loopCount() - first).toBeGreaterThan(2);
  expect(body).toEqual([]);
});

test("G14: a large message of a socket is decoded in many turns, and the next one does not overtake it", async () => {
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(sockets, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`);
  const [socket] = (await once(sockets, "connection")) as [WebSocket];
  const heard: unknown[] = [];
  const reader = new SocketReader({
    socket,
    graphql: { readMessage: (text) => text },
    hear: (message) => heard.push(message),
    mayResume: () => true,
    who: () => "ann",
  });
  const first = loopCount();
  reader.take(Buffer.from(large), () => {});
  reader.take(Buffer.from("next"), () => {});
  // Binary messages that are not UTF-8.
  reader.take(Buffer.alloc(100_000, 0xff), () => {});
  reader.take(Buffer.from([0xff]), () => {});
  while (heard.length < 4) await turn();
  expect(loopCount() - first).toBeGreaterThan(2);
  expect([heard[0] === large, ...heard.slice(1)]).toEqual([true, "next", "", ""]);
  client.terminate();
  sockets.close();
});
