import http, { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import {
  BadUserInputError,
  type BatonError,
  createDataStore,
  UnavailableError,
  type DataStore,
} from "../../src/client/index.ts";
import { beginsWithSubscription } from "../../src/client/begins-with-subscription.ts";
import { Proxy } from "../examples/proxy.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "./sdk-store.ts";

describe("a call of the SDK whose response is lost", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  /** Every second response is lost after the server has sent it. */
  function lossy(options: { readonly retryWrites?: boolean } = {}) {
    let sent = 0;
    const store = storeOf(server, {
      ...options,
      fetch: async (...request) => {
        const response = await fetch(...request);
        if (++sent % 2 === 0) return response;
        await response.arrayBuffer();
        throw new TypeError("fetch failed", { cause: new Error("lost on purpose") });
      },
    });
    return { store, sent: () => sent };
  }

  test("G12: every write is applied once, regardless of how often it is sent", async () => {
    const { store, sent } = lossy();
    const here = store.namespace("lossy");
    for (let count = 1; count <= 5; count++) {
      expect((await here.increment("n")).value).toBe(count);
      expect((await here.append("list", count)).value).toHaveLength(count);
    }
    const revision = await here.set("k", 1, { ifRevision: "0" });
    expect(await here.set("k", 2, { ifRevision: revision })).not.toBe(revision);
    const { results } = await store.transact((t) => {
      t.in(here).require("once", { exists: false });
      t.in(here).set("once", true);
      t.in(here).increment("n");
    });
    expect(results[1]?.entry?.value).toBe(6);
    expect(await here.update("k", (value) => value + 1)).toMatchObject({ value: 3 });
    expect(await here.delete("k")).toBe(true);
    await here.setMany({ "task:1": 1, "task:2": 2 });
    const first = await here.claim({ keyPrefix: "task:" });
    const second = await here.claim({ keyPrefix: "task:" });
    expect([first?.key, second?.key]).toEqual(["task:1", "task:2"]);
    await first!.complete("done", { transact: (t) => t.in(here).increment("completed") });
    await second!.release();
    expect(await here.get("completed")).toBe(1);
    expect(await here.clear()).toBe(6);
    // Each was sent twice, because the odd responses were lost.
    expect(sent() % 2).toBe(0);
    store.close();
  });

  test("without retryWrites a write is sent once, and a read is tried again", async () => {
    const { store, sent } = lossy({ retryWrites: false });
    await expect(store.namespace("unsure").increment("n")).rejects.toThrow(UnavailableError);
    expect(sent()).toBe(1);
    expect(await store.namespace("unsure").get("n")).toBe(1);
    store.close();
  });

  test("retryForMs can be Infinity", async () => {
    const times = { timeoutMs: Infinity, maxSilenceMs: Infinity, retryForMs: Infinity };
    await using store = storeOf(server, times);
    expect((await store.viewer()).user).toBe("local");
    const changes = store.watch({ snapshot: true });
    expect((await changes.next()).done).toBe(false);
    await changes.return();
    await expect(store.namespace().waitFor("k", { timeoutMs: Number.NaN })).rejects.toThrow(
      BadUserInputError,
    );
    await expect(store.namespace().claim({ waitMs: Number.NaN })).rejects.toThrow(
      BadUserInputError,
    );
  });

  test("a custom mutation is tried again only if its caller allows it", async () => {
    const { store, sent } = lossy();
    const mutation =
      'mutation Count($once: String) { incrementEntry(input: { key: "own", idempotencyKey: $once }) { revision } }';
    await expect(store.graphql(mutation)).rejects.toThrow(UnavailableError);
    expect(sent()).toBe(1);
    expect((await store.graphql<any>('{ entry(key: "own") { value } }')).entry.value).toBe(1);
    await store.graphql("{ viewer { user } }");
    const behind =
      'fragment E on IncrementEntryPayload{revision}mutation{incrementEntry(input:{key:"f"}){...E}}';
    await expect(store.graphql(behind)).rejects.toThrow(UnavailableError);
    await store.graphql(mutation, { once: "once" }, { isRepeatable: true });
    expect((await store.graphql<any>('{ entry(key: "own") { value } }')).entry.value).toBe(2);
    store.close();
  });

  test("G12: a write on a closed pooled connection is sent again, and is applied once", async () => {
    // Like a server that closes an idle connection when it is used: before and after the request has arrived.
    let requests = 0;
    const front = createServer((request, response) => {
      const isClosed = ++requests % 2 === 0;
      if (isClosed && requests % 4 === 0) return void request.socket.destroy();
      const forward = http.request(new URL(request.url ?? "", server.url), {
        method: request.method ?? "GET",
        headers: request.headers,
      });
      request.pipe(forward);
      forward.on("response", (answer) => {
        if (isClosed) return void answer.resume().on("end", () => request.socket.destroy());
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
    });
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
    const { port } = front.address() as AddressInfo;
    await using store = storeOf({ ...server, url: `http://127.0.0.1:${port}` });
    for (let count = 1; count <= 10; count++) {
      expect((await store.namespace("pooled").increment("n")).value).toBe(count);
    }
    expect(requests).toBeGreaterThan(15);
    front.closeAllConnections();
    front.close();
  });

  test("waits for a server that is unavailable, and reports each attempt", async () => {
    await using proxy = new Proxy(() => server.url);
    await proxy.open();
    const errors: BatonError[] = [];
    const options = {
      onRetry: ({ error }: { error: BatonError }) => {
        errors.push(error);
        if (errors.length === 3) void proxy.open();
      },
    };
    await using store = storeOf({ ...server, url: proxy.url }, options);
    await store.namespace("away").set("k", 1);
    await proxy.cut();
    await store.namespace("away").set("k", 2);
    expect(await store.namespace("away").get("k")).toBe(2);
    expect(errors.map(({ code }) => code)).toEqual(Array(3).fill("UNAVAILABLE"));
    expect(errors[0]?.message).toContain(proxy.url);
  });

  test("stops after retryForMs, or when its caller or the store ends it", async () => {
    await using proxy = new Proxy(() => server.url);
    await proxy.open();
    await proxy.cut();
    const away = { ...server, url: proxy.url };
    await using never = storeOf(away, { retryForMs: 0 });
    await expect(never.viewer()).rejects.toThrow(UnavailableError);
    const abort = new AbortController();
    const reason = new Error("enough");
    const store = storeOf(away, { onRetry: () => abort.abort(reason) });
    await expect(store.viewer({ signal: abort.signal })).rejects.toBe(reason);
    const closed = storeOf(away, { onRetry: () => closed.close() });
    await expect(closed.viewer()).rejects.toThrow("closed");
    await expect(closed.viewer()).rejects.toThrow("closed");
  });
});

describe("without the option onRetry", () => {
  test("warns once if the server has never responded, and not if it has", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const server = await startTestServer();
    onTestFinished(() => server.close());
    await using proxy = new Proxy(() => server.url);
    await proxy.open();
    await proxy.cut();
    await using store = storeOf({ ...server, url: proxy.url }, { retryForMs: 800 });
    await expect(store.viewer()).rejects.toThrow(UnavailableError);
    await expect(store.viewer()).rejects.toThrow(UnavailableError);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(`${proxy.url} cannot be reached: .* retries for up to 800 ms`)],
    ]);
    await proxy.open();
    await using other = storeOf({ ...server, url: proxy.url }, { retryForMs: 800 });
    await other.viewer();
    await proxy.cut();
    await expect(other.viewer()).rejects.toThrow(UnavailableError);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

test("a refused token: the message says how to set a token, and which server refused it", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  await using none = storeOf({ url: server.url, token: "" });
  const missing = { code: "UNAUTHENTICATED", message: expect.stringMatching("set BATON_TOKEN") };
  await expect(none.viewer()).rejects.toMatchObject(missing);
  await using emptied = storeOf(server, { token: () => "\n" });
  await expect(emptied.viewer()).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
    message: `Baton at ${server.url} requires a token. The function \`token\` returned an empty text.`,
  });
  await using wrong = storeOf({ url: server.url, token: "wrong" });
  const refused = {
    code: "UNAUTHENTICATED",
    message: `This token is not known by Baton at ${server.url}. Pass a valid one as \`token\`, or set BATON_TOKEN.`,
  };
  await expect(wrong.viewer()).rejects.toMatchObject(refused);
  const watching = wrong.namespace("w").watch()[Symbol.asyncIterator]();
  await expect(watching.next()).rejects.toMatchObject(refused);
});

describe("a response that does not come from Baton", () => {
  let other: Server;
  let store: DataStore;
  let answers: [status: number, type: string, body: string][];
  beforeAll(async () => {
    other = createServer((_request, response) => {
      const [status, type, body] = answers.shift() ?? [500, "text/plain", "nothing more"];
      response.writeHead(status, { "content-type": type });
      // A response that ends in the middle.
      if (body === "CUT") response.write(body, () => response.destroy());
      else response.end(body);
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
  });
  afterAll(() => other.close());
  beforeEach(() => {
    const { port } = other.address() as AddressInfo;
    store = createDataStore({ url: `http://127.0.0.1:${port}`, token: "any" });
    answers = [];
  });

  const viewer = JSON.stringify({ data: { viewer: { headRevision: "7" } } });

  test.each([429, 500, 502, 503, 504, 522])("%d of a proxy is tried again", async (status) => {
    answers = [
      [status, "text/html", "<h1>Later</h1>"],
      [200, "application/json", viewer],
    ];
    expect(await store.viewer()).toEqual({ headRevision: "7" });
  });

  test.each([
    [404, "text/html", "<h1>Not found</h1>"],
    [200, "text/html", "<h1>Welcome</h1>"],
    [200, "application/json", "7"],
    [200, "application/json", "null"],
  ])("%d %s %s is BAD_RESPONSE, without another attempt", async (...answer) => {
    answers = [answer];
    await expect(store.viewer()).rejects.toMatchObject({ code: "BAD_RESPONSE" });
  });

  test("keeps an unknown code in the details", async () => {
    const errors = [{ message: "new", extensions: { code: "TOMORROW", more: 1 } }];
    answers = [[200, "application/json", JSON.stringify({ errors })]];
    await expect(store.viewer()).rejects.toMatchObject({
      code: "BAD_RESPONSE",
      message: "new",
      details: { code: "TOMORROW", more: 1 },
    });
  });

  test("ends an attempt without a response after timeoutMs", async () => {
    const listening = createServer(() => {});
    listening.listen(0, "127.0.0.1");
    await once(listening, "listening");
    const { port } = listening.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    await using patient = createDataStore({ url, token: "any", timeoutMs: 50, retryForMs: 0 });
    await expect(patient.viewer()).rejects.toThrow(/did not respond within 50 ms/);
    listening.closeAllConnections();
    listening.close();
  });

  test("G3: a watch continues after any response of a proxy", async () => {
    const change = { kind: "SET", revision: "8", namespace: "n", key: "k", agent: null, at: null };
    const next = JSON.stringify({ data: { entryChanged: { ...change, entry: null } } });
    const stream = "text/event-stream";
    answers = [
      [200, stream, ":\n\n"],
      [503, "text/html", "<h1>Later"],
      [200, stream, ":\n\nevent: complete\ndata:\n\n"],
      [502, "text/html", "CUT"],
      [500, "text/html", "<h1>Oops"],
      [200, stream, `event: next\ndata: ${next}\n\n`],
    ];
    const seen = [];
    for await (const { revision } of store.watch({ after: "7" })) {
      seen.push(revision);
      break;
    }
    expect([seen, answers]).toEqual([["8"], []]);
  });

  test("no input makes the client slow: it reads long documents, addresses and responses once", async () => {
    const comments = `${"#".repeat(100_000)}\n`.repeat(10);
    const documents = [comments, ", \t\n#".repeat(200_000), "#\n".repeat(200_000)];
    const answer = JSON.stringify({ data: { viewer: { text: `${'\\"'.repeat(10 ** 6)}`, n: 1 } } });
    const reached = createDataStore({
      url: `http://127.0.0.1:1${"/".repeat(10 ** 6)}graphql${"/".repeat(10 ** 6)}`,
      token: "any",
      numbers: "exact",
      retryForMs: 0,
      fetch: async () => new Response(answer.replace("1}", "12345678901234567890}")),
    });
    const begun = performance.now();
    for (const document of documents) {
      await expect(reached.graphql(`${document}\nsubscription`)).rejects.toThrow(BadUserInputError);
      const { viewer } = await reached.graphql<any>(`${document}\n{ viewer { user } }`);
      expect(viewer.n).toBe(12345678901234567890n);
    }
    // With backtracking, a regular expression would take minutes or longer.
    expect(performance.now() - begun).toBeLessThan(10_000);
    const unended = createDataStore({
      token: "any",
      numbers: "exact",
      fetch: async () => new Response(`1234567890123456"${'\\"'.repeat(10 ** 6)}`),
    });
    await expect(unended.viewer()).rejects.toMatchObject({ code: "BAD_RESPONSE" });
  });

  test.each([
    '{"errors":"x"}',
    '{"errors":[]}',
    '{"errors":[null]}',
    '{"errors":"x","data":{"viewer":{"headRevision":"1"}}}',
    '{"errors":[{"message":"slow down","extensions":null}]}',
    '{"data":{}}',
    '{"data":[]}',
    "[]",
  ])("JSON that is not a response of Baton is a temporary BAD_RESPONSE: %s", async (answer) => {
    const answers = [answer];
    const store = createDataStore({
      token: "any",
      fetch: async () =>
        new Response(answers.pop() ?? '{"data":{"entry":{"value":1}}}', { status: 200 }),
    });
    await expect(store.namespace().get("k")).rejects.toMatchObject({ code: "BAD_RESPONSE" });
    expect(await store.namespace().get("k")).toBe(1);
    answers.push(answer);
    expect(await store.namespace().get("k")).toBe(1);
  });

  test("an operation that leaves out every field returns no data", async () => {
    const store = createDataStore({ token: "any", fetch: async () => new Response('{"data":{}}') });
    expect(await store.graphql("{ viewer @skip(if: true) { user } }")).toEqual({});
  });

  test.each([
    ["subscription { entryChanged { key } }", true],
    ["# one\n#two\r,\uFEFF subscription S { entryChanged { key } }", true],
    ["subscriptions", false],
    ["query subscription { viewer { user } }", false],
    ["# subscription", false],
    ["", false],
  ])("whether %j begins with a subscription: %s", (document, isOne) => {
    expect(beginsWithSubscription(document)).toBe(isOne);
  });

  test("refuses an invalid address or token before it sends a request", async () => {
    expect(() => createDataStore({ url: "127.0.0.1:4000" })).toThrow(BadUserInputError);
    const bad = createDataStore({ url: "http://127.0.0.1:1", token: "two\nlines" });
    const error = await bad.viewer().catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(BadUserInputError);
    expect(String(error)).not.toContain("lines");
    const url = "http://me:secret@127.0.0.1:1";
    expect(() => createDataStore({ url })).toThrow(/password/);
    for (const name of ["retryForMs", "timeoutMs", "maxSilenceMs"]) {
      expect(() => createDataStore({ [name]: Number.NaN })).toThrow(BadUserInputError);
    }
    expect(() => createDataStore({ agent: "a\nb" })).toThrow(BadUserInputError);
    const cause = new Error("the vault is closed");
    const token = () => Promise.reject(cause);
    const closed = createDataStore({ token, retryForMs: 0 }).viewer();
    await expect(closed).rejects.toMatchObject({ code: "UNAVAILABLE", cause });
    const never = () => new Promise<string>(() => {});
    const signal = AbortSignal.abort(cause);
    await expect(createDataStore({ token: never }).viewer({ signal })).rejects.toBe(cause);
    const silent = createDataStore({ token: never, timeoutMs: 1, retryForMs: 0 });
    await expect(silent.viewer()).rejects.toThrow(UnavailableError);
  });
});
