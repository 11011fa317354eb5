import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  query,
  refusal,
  request,
  socketClient,
  subscribe,
  subscribeBySse,
  subscribeOn,
} from "../client.ts";
import { set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

const read = "{ viewer { user } }";
const write = `mutation { setEntry(input: { key: "k", value: 1 }) { revision } }`;
const follow = "subscription { entryChanged { revision } }";

describe("bounds of users and tokens", () => {
  let server: TestServer;
  let users = 0;
  beforeAll(async () => {
    server = await startTestServer({
      maxUserReadsPerSecond: 4,
      maxTokenReadsPerSecond: 3,
      maxUserWritesPerSecond: 2,
      maxTokenBytesPerSecond: 20_000,
      maxUserSockets: 3,
      maxTokenSockets: 2,
      maxUserSubscriptions: 2,
      maxTokenSubscriptions: 1,
      maxTokenWaits: 1,
    });
  });
  afterEach(() => vi.useRealTimers());
  afterAll(() => server.close());

  /** Stops the clock for the bounds per second. */
  const stopClock = () => vi.useFakeTimers({ toFake: ["performance"] });

  /** Tokens of a user that has sent no requests. */
  async function newUser(): Promise<{ token: string; other: string }> {
    const userId = `user ${++users}`;
    const [first, second] = await Promise.all([
      server.createToken({ userId }),
      server.createToken({ userId }),
    ]);
    return { token: first.secret, other: second.secret };
  }
  const times = <T>(count: number, work: () => Promise<T>) =>
    Promise.all(Array.from({ length: count }, work));

  test("G9: limits the reads of a token, and of a user with all its tokens, without slowing others", async () => {
    stopClock();
    const { token, other } = await newUser();
    const answers = await times(4, () => request(server.url, token, read));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429]);
    const { errors } = answers.find(({ status }) => status === 429)!;
    expect(errors?.[0]?.extensions).toEqual({
      code: "RATE_LIMITED",
      requestId: expect.any(String),
      limit: "maxTokenReadsPerSecond",
      max: 3,
      retryAfterMs: 334,
    });
    // The user's fourth read is another token's. The fifth one exceeds the limit.
    const rest = await times(2, () => request(server.url, other, read));
    expect(rest.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect(JSON.stringify(rest)).toContain("maxUserReadsPerSecond");
    expect((await request(server.url, (await newUser()).token, read)).status).toBe(200);
  });

  test("G9: a refusal says when to retry, and the retry succeeds", async () => {
    stopClock();
    const { token } = await newUser();
    await times(2, () => request(server.url, token, write));
    const refused = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: write }),
    });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    // Reads have a separate bound.
    expect((await request(server.url, token, read)).status).toBe(200);
    vi.advanceTimersByTime(500);
    expect((await request(server.url, token, write)).status).toBe(200);
  });

  test("G9: counts each root field, also over WebSocket", async () => {
    stopClock();
    const { token } = await newUser();
    const client = socketClient(server.url, { token });
    const three = "{ a: viewer { user } b: viewer { user } c: viewer { user } }";
    await subscribeOn(client, three).next();
    const refused = await refusal(subscribeOn(client, read).next());
    expect(refused.extensions).toMatchObject({
      code: "RATE_LIMITED",
      requestId: expect.stringMatching(/^.+\/.+$/),
      limit: "maxTokenReadsPerSecond",
    });
    await client.dispose();
  });

  test("G9: limits the bytes of requests and responses; a debt delays the next operation", async () => {
    stopClock();
    const { token } = await newUser();
    await query(
      server,
      'mutation ($value: JSON) { setEntry(input: { key: "large", value: $value }) { revision } }',
      { value: "x".repeat(29_800) },
      { token },
    );
    const refused = await refusal(query(server, read, {}, { token }));
    expect(refused.extensions).toMatchObject({
      code: "RATE_LIMITED",
      limit: "maxTokenBytesPerSecond",
    });
    // 10 kB more than allowed, at 20 kB per second.
    expect(refused.extensions.retryAfterMs).toBeGreaterThan(490);
    expect(refused.extensions.retryAfterMs).toBeLessThan(550);
  });

  test.each([
    ["inline", "", "... { A } f: __typename"],
    [
      "nested",
      "fragment F on Query { ... { ...G } } fragment G on Query { A }",
      "...F ...F f: __typename",
    ],
    ["conditional", "", "... @include(if: false) { A } f: __typename"],
  ])("G9: counts each root field of %s fragments on both transports", async (_, added, spread) => {
    stopClock();
    const fields = "a b c d e".split(" ").map((name) => `${name}: viewer { user }`);
    const text = `{ ${spread} } ${added}`.replace("A", fields.join(" "));
    // Two more fields than allowed, and one for the next operation, at four per second.
    const refused = { limit: "maxUserReadsPerSecond", retryAfterMs: 750 };
    const http = (await newUser()).token;
    await query(server, text, {}, { token: http });
    expect((await refusal(query(server, read, {}, { token: http }))).extensions).toMatchObject(
      refused,
    );
    const client = socketClient(server.url, { token: (await newUser()).token });
    await subscribeOn(client, text).next();
    expect((await refusal(subscribeOn(client, read).next())).extensions).toMatchObject(refused);
    await client.dispose();
  });

  test("G9: counts the writes in a fragment", async () => {
    stopClock();
    const { token } = await newUser();
    const text = `mutation { ...F } fragment F on Mutation { ${"abcd"
      .split("")
      .map((name) => `${name}: setEntry(input: { key: "k", value: 1 }) { revision }`)
      .join(" ")} }`;
    await query(server, text, {}, { token });
    expect((await refusal(query(server, write, {}, { token }))).extensions).toMatchObject({
      limit: "maxUserWritesPerSecond",
      retryAfterMs: 1_500,
    });
  });

  const tooManyFields = `{ ${"...F".repeat(120)} }
    fragment F on Query { ${"...G".repeat(120)} }
    fragment G on Query { ${"__typename ".repeat(20)} }`;
  const refusedTexts: [string, string][] = [
    ["a syntax error", "{"],
    ["an unknown field", "{ nope }"],
    ["too many fields", tooManyFields],
  ];
  test.each(refusedTexts)("G9: an operation with %s counts as a read", async (_, text) => {
    stopClock();
    const limited = { code: "RATE_LIMITED", limit: "maxTokenReadsPerSecond" };
    const http = (await newUser()).token;
    for (let count = 0; count < 3; count++) {
      expect((await request(server.url, http, text)).errors?.[0]?.extensions.code).not.toBe(
        "RATE_LIMITED",
      );
    }
    const answer = await request(server.url, http, text);
    expect([answer.status, answer.errors?.[0]?.extensions]).toMatchObject([429, limited]);
    const client = socketClient(server.url, { token: (await newUser()).token });
    for (let count = 0; count < 3; count++) {
      expect((await refusal(subscribeOn(client, text).next())).code).not.toBe("RATE_LIMITED");
    }
    expect((await refusal(subscribeOn(client, read).next())).extensions).toMatchObject(limited);
    await client.dispose();
  });

  /** Sends a body to a path. With a number, announces this number of bytes, and waits for the response to the headers. */
  async function post(path: string, token: string, body: string | ReadableStream | number) {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${token}`,
    };
    if (typeof body !== "number") {
      const init = { method: "POST", headers, body, duplex: "half" };
      return (await fetch(`${server.url}${path}`, init as RequestInit)).status;
    }
    const announced = { method: "POST", headers: { ...headers, "content-length": body } };
    const sending = httpRequest(`${server.url}${path}`, announced);
    sending.on("error", () => {}).flushHeaders();
    const [response] = (await once(sending, "response")) as [IncomingMessage];
    sending.destroy();
    return response.statusCode;
  }

  test.each([
    ["/graphql", "a declared length", () => "x".repeat(60_000)],
    ["/graphql", "chunks", () => new Blob(["x".repeat(60_000)]).stream()],
    ["/mcp", "a declared length", () => "x".repeat(60_000)],
  ])(
    "G9: a body that is not JSON counts, at %s with %s; the next is not read",
    async (...given) => {
      stopClock();
      const [path, , body] = given;
      const { token } = await newUser();
      expect(await post(path, token, body())).toBe(400);
      expect(await post(path, token, 60_000)).toBe(429);
    },
  );

  test("G9: a body that is too large by its declared length is not read, and its bytes do not count", async () => {
    stopClock();
    const { token } = await newUser();
    expect(await post("/graphql", token, 20_000_000)).toBe(413);
    expect((await request(server.url, token, read)).status).toBe(200);
  });

  test("G9: the bytes of refused messages on a socket count", async () => {
    stopClock();
    const client = socketClient(server.url, { token: (await newUser()).token });
    const long = `{ nope(a: "${"x".repeat(30_000)}") }`;
    expect((await refusal(subscribeOn(client, long).next())).code).not.toBe("RATE_LIMITED");
    expect((await refusal(subscribeOn(client, read).next())).extensions).toMatchObject({
      limit: "maxTokenBytesPerSecond",
    });
    await client.dispose();
  });

  test("G9: a message on a socket that exceeds the bytes counts too, in the time to wait as well", async () => {
    stopClock();
    const client = socketClient(server.url, { token: (await newUser()).token });
    const long = `{ nope(a: "${"x".repeat(30_000)}") }`;
    const waits = [];
    for (let message = 0; message < 3; message++) {
      waits.push((await refusal(subscribeOn(client, long).next())).extensions.retryAfterMs);
    }
    // 10 kB more than allowed, and 30 kB for each message, at 20 kB per second.
    expect(waits[1]).toBeGreaterThan(2_000);
    expect(waits[2]).toBeGreaterThan(waits[1] + 1_500);
    vi.advanceTimersByTime(waits[2]);
    expect((await refusal(subscribeOn(client, long).next())).code).not.toBe("RATE_LIMITED");
    await client.dispose();
  });

  test("G9: limits MCP like GraphQL", async () => {
    stopClock();
    const { token } = await newUser();
    const call = () =>
      fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "baton_set", arguments: { key: "k", value: 1 } },
        }),
      });
    const statuses = (await times(3, call)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  });

  test("G9: limits the open sockets of a token, until one is closed", async () => {
    const { token } = await newUser();
    const clients = [1, 2, 3].map(() => socketClient(server.url, { token }));
    const ask = (client: (typeof clients)[number]) => subscribeOn(client, write).next();
    // The subscription keeps the socket open.
    await using first = subscribe(server, follow, {}, token);
    await using second = subscribeOn(
      clients[0]!,
      'query { awaitEntry(key: "none", timeoutSeconds: 30) { key } }',
    );
    await expect
      .poll(async () => (await refusal(ask(clients[1]!))).extensions, { timeout: 3_000 })
      .toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: "maxTokenSockets",
        max: 2,
      });
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await clients[0]!.dispose();
    await expect
      .poll(
        () =>
          ask(socketClient(server.url, { token })).then(
            () => "done",
            ({ code }) => code,
          ),
        { timeout: 5_000 },
      )
      .toBe("done");
    for (const client of clients) await client.dispose();
  });

  test("G9: limits subscriptions over both transports, until one ends", async () => {
    const { token, other } = await newUser();
    const begin = `subscription { entryChanged(snapshot: true) { kind } }`;
    const stream = await subscribeBySse({ url: server.url, token }, begin);
    expect(await stream.next()).toEqual({ kind: "CAUGHT_UP" });
    const refused = await refusal(subscribe(server, begin, {}, token).next());
    expect(refused.extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxTokenSubscriptions",
    });
    await using beside = subscribe(server, begin, {}, other);
    expect(await beside.next()).toEqual({ kind: "CAUGHT_UP" });
    await stream[Symbol.asyncDispose]();
    await expect
      .poll(
        async () => {
          await using events = subscribe(server, begin, {}, token);
          return await events.next().catch(({ code }) => code);
        },
        { timeout: 5_000, interval: 400 },
      )
      .toEqual({ kind: "CAUGHT_UP" });
  });

  test("G9: limits waiting calls, until one ends", async () => {
    const { token } = await newUser();
    const wait = (key: string) => `{ awaitEntry(key: "${key}", timeoutSeconds: 30) { key } }`;
    const waiting = query(server, wait("awaited"), {}, { token });
    await expect
      .poll(
        async () => (await request(server.url, token, wait("other"))).errors?.[0]?.extensions.limit,
        {
          timeout: 3_000,
          interval: 400,
        },
      )
      .toBe("maxTokenWaits");
    await set(server, { key: "awaited", value: 1 }, { token });
    expect(await waiting).toEqual({ awaitEntry: { key: "awaited" } });
    await expect
      .poll(() => request(server.url, token, wait("awaited")).then(({ data }) => data), {
        timeout: 3_000,
        interval: 400,
      })
      .toEqual({ awaitEntry: { key: "awaited" } });
  });
});
