import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { startTestServer } from "../server.ts";

/** Longer than the limit for headers. */
const longMs = 16_000;

afterEach(() => vi.useRealTimers());

test("G9: slow headers end a connection, counted from their first byte; a connection without one stays open", async () => {
  await using server = await startTestServer();
  const { hostname, port } = new URL(server.url);
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return socket;
  };
  const silent = await open();
  const slow = await open();
  let answer = "";
  slow.setEncoding("utf8").on("data", (text: string) => (answer += text));
  slow.write("GET /health/live HTTP/1.1\r\nHost: baton\r\nX-Slow: ");

  vi.useFakeTimers({ toFake: ["performance"] });
  // The time begins at the server's first check.
  await expect
    .poll(() => {
      vi.advanceTimersByTime(longMs);
      return slow.closed;
    })
    .toBe(true);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  vi.useRealTimers();

  expect(silent.readyState).toBe("open");
  silent.write("GET /health/live HTTP/1.1\r\nHost: baton\r\n\r\n");
  const [live] = await once(silent, "data");
  expect(String(live)).toMatch(/^HTTP\/1\.1 200 /);
  silent.destroy();
});
