import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { getDefaultHighWaterMark } from "node:stream";
import { text as wholeText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isLoopHeld, nextTurn } from "../../src/event-loop.ts";
import { ReceivedBytes } from "../../src/received-bytes.ts";
import { remove, setMany } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

describe("requests that do not wait for the responses to earlier ones", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const open = async (): Promise<Socket> => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return socket.setEncoding("latin1");
  };
  const post = (query: string, padding = "") => {
    const body = JSON.stringify({ query, variables: { padding } });
    return [
      "POST /graphql HTTP/1.1",
      "Host: baton",
      "Content-Type: application/json",
      `Authorization: Bearer ${server.token}`,
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  };

  test.each([
    ["without a token", "GET /graphql HTTP/1.1\r\nHost: baton\r\n\r\n"],
    ["of the page", "GET / HTTP/1.1\r\nHost: baton\r\nAccept: text/html\r\n\r\n"],
    ["with an unknown expectation", "GET / HTTP/1.1\r\nHost: baton\r\nExpect: x\r\n\r\n"],
  ])("G9 G14: hundreds %s end their connection", async (_what, request) => {
    const socket = await open();
    let answers = 0;
    socket.on("data", (text: string) => (answers += text.split("HTTP/1.1 ").length - 1));
    socket.on("error", () => {});
    socket.write(request.repeat(300));
    await once(socket, "close");
    expect(answers).toBeLessThan(100);
  });

  test("a few are handled one after another, and get their responses in order", async () => {
    const socket = await open();
    const increment = 'mutation { incrementEntry(input: { key: "n" }) { entry { value } } }';
    const long = "x".repeat(200_000);
    const requests = [increment, increment, increment].map((query) => post(query, long));
    socket.write([...requests, post(increment), post("{ viewer { user } }")].join(""));
    let text = "";
    for await (const part of socket) if ((text += part).includes('"viewer"')) break;
    expect(text.match(/"value":\d+/g)).toEqual([1, 2, 3, 4].map((value) => `"value":${value}`));
  });

  const wait = '{awaitEntry(key:"first"){key}}';
  const waitByGet = (body = "x".repeat(5_000)) =>
    post(body).replace("POST /graphql", `GET /graphql?query=${encodeURI(wait)}`);

  test.each([
    ["waits", () => post(wait), () => post("{ viewer { user } }", "x".repeat(5_000)), () => ""],
    ["does not read it", () => "", () => waitByGet(), () => post("{ viewer { user } }")],
  ])(
    "G9 G14: the body of a request that %s is kept in few blocks, if its chunks have one byte",
    async (_what, before, inChunks, after) => {
      const socket = await open();
      const add = vi.spyOn(ReceivedBytes.prototype, "add");
      const push = vi.spyOn(IncomingMessage.prototype, "push");
      try {
        const [head, body] = inChunks().split("\r\n\r\n");
        const chunks = body!.replaceAll(/./g, "1\r\n$&\r\n");
        socket.write(
          [
            before(),
            head!.replace(/Content-Length: .*/, "Transfer-Encoding: chunked"),
            `\r\n\r\n${chunks}0\r\n\r\n`,
            after(),
          ].join(""),
        );
        await expect.poll(() => add.mock.calls.length).toBeGreaterThanOrEqual(body!.length);
        await setMany(server, "default", [{ key: "first", value: 1 }]);
        let text = "";
        for await (const part of socket) if ((text += part).includes('"viewer"')) break;
        expect(text).toMatch(/"awaitEntry":\{"key":"first"\}.*"viewer":\{"user":/s);
        expect(push.mock.calls.length).toBeLessThan(100);
      } finally {
        vi.restoreAllMocks();
        await remove(server, { key: "first" });
      }
    },
  );

  test("G9 G14: no more of a body is read while it waits, if the event loop is busy", async () => {
    const socket = await open();
    const { add } = ReceivedBytes.prototype;
    const bound = getDefaultHighWaterMark(false);
    let keptBytes = 0;
    vi.spyOn(ReceivedBytes.prototype, "add").mockImplementation(function (
      this: ReceivedBytes,
      chunk,
    ) {
      add.call(this, chunk);
      keptBytes += chunk.length;
      while (!isLoopHeld());
    });
    try {
      socket.write(waitByGet("x".repeat(400_000)));
      await expect.poll(() => keptBytes).toBeGreaterThanOrEqual(bound);
      for (let turns = 0; turns < 200; turns++) await nextTurn("another");
      expect(keptBytes).toBeLessThan(bound + 10_000);
    } finally {
      vi.restoreAllMocks();
      socket.destroy();
    }
  });

  test("a request for a WebSocket waits for the responses to earlier ones, and is then refused", async () => {
    const socket = await open();
    const handshake =
      "GET /graphql HTTP/1.1\r\nHost: baton\r\nUpgrade: websocket\r\nConnection: Upgrade";
    socket.write(`${post("{ viewer { user } }")}${handshake}\r\n\r\n`);
    const answers = (await wholeText(socket))
      .split("HTTP/1.1 ")
      .map((answer) => answer.slice(0, 3));
    expect(answers).toEqual(["", "200", "401"]);
  });

  test.each([
    ["GET", () => "GET /health/live HTTP/1.1\r\nHost: baton\r\n\r\n"],
    ["POST", () => post("{ viewer { user } }")],
  ])(
    "a %s that offers HTTP/2 is answered as HTTP/1.1, and is the last of its connection",
    async (_method, request) => {
      const socket = await open();
      const offer =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__";
      socket.write(request().replace("Host: baton", `Host: baton\r\n${offer}`).repeat(2));
      const answers = await wholeText(socket);
      expect(answers.match(/HTTP\/1.1 \d+|Connection: .*/g)).toEqual([
        "HTTP/1.1 200",
        "Connection: close",
      ]);
    },
  );

  test("messages that arrive together with the request for a WebSocket are all read, in order", async () => {
    const socket = await open();
    const frame = (message: object) => {
      const text = JSON.stringify(message);
      const header = Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]);
      return header.toString("latin1") + text;
    };
    const padding = "x".repeat(700);
    const first = { type: "connection_init", payload: { token: server.token, padding } };
    const pings = [1, 2, 3].map(() => ({ type: "ping", payload: { padding } }));
    socket.write(
      [
        "GET /graphql HTTP/1.1",
        "Host: baton",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: graphql-transport-ws",
        "",
        [first, ...pings].map(frame).join(""),
      ].join("\r\n"),
      "latin1",
    );
    let text = "";
    const count = (type: string) => text.split(`"${type}"`).length - 1;
    for await (const part of socket) {
      text += part;
      if (count("connection_ack") === 1 && count("pong") === 3) return;
    }
    expect(text).toBe("the acknowledgement and three pongs");
  });

  test("G9: a response that the client does not read ends its connection, also without a token", async () => {
    const socket = await open();
    const page = await fetch(`${server.url}/graphql`, { headers: { accept: "text/html" } });
    const [, script] = /src="(graphiql\/app[^"]*)"/.exec(await page.text()) ?? [];
    // Together, these are larger than the system's buffers.
    socket.write(`GET /${script} HTTP/1.1\r\nHost: baton\r\n\r\n`.repeat(8));
    socket.on("error", () => {});
    await once(socket, "readable");
    socket.write("GET / HTTP/1.1\r\nHost: baton\r\nX: ");
    const reader = await open();
    let answers = 0;
    reader.on("data", () => answers++);
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      await expect
        .poll(
          async () => {
            vi.advanceTimersByTime(21_000);
            const before = answers;
            reader.write("GET /health/live HTTP/1.1\r\nHost: baton\r\n\r\n");
            await vi.waitUntil(() => answers > before);
            // A client that sends something, and still reads nothing.
            socket.write("x");
            return socket.destroyed || socket.errored !== null;
          },
          { timeout: 10_000 },
        )
        .toBe(true);
    } finally {
      vi.useRealTimers();
    }
    expect(reader.readyState).toBe("open");
    reader.destroy();
  });
});
