import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { startTestServer, type Instance } from "../server.ts";

/** A connection on which one query has run, and its response. */
async function usedConnection({
  url,
  token,
}: Instance): Promise<{ socket: Socket; answer: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const body = JSON.stringify({ query: "{ viewer { user } }" });
  socket.write(
    [
      "POST /graphql HTTP/1.1",
      "Host: baton",
      "Content-Type: application/json",
      `Authorization: Bearer ${token}`,
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  return { socket, answer: String(answer) };
}

test("an idle connection stays open longer than in usual pools and proxies, and responses say how long", async () => {
  await using server = await startTestServer();
  const { socket, answer } = await usedConnection(server);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toMatch(/^Keep-Alive: timeout=75\r$/im);
  socket.destroy();
});

test("an idle connection is closed after keepAliveSeconds; one of another server stays open", async () => {
  await using server = await startTestServer();
  await using other = await startTestServer({ keepAliveSeconds: 1 });
  const [kept, closed] = await Promise.all([usedConnection(server), usedConnection(other)]);
  expect(closed.answer).toMatch(/^Keep-Alive: timeout=1\r$/im);
  const begin = performance.now();
  await once(closed.socket, "close");
  expect(performance.now() - begin).toBeGreaterThan(900);
  expect(kept.socket.readyState).toBe("open");
  kept.socket.destroy();
});
