import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BatonError,
  ForbiddenError,
  UnauthenticatedError,
  type ConnectionOptions,
  type DataStore,
  type Retry,
} from "../../src/client/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { Proxy } from "../examples/proxy.ts";
import { storeOf } from "./sdk-store.ts";

interface Strange {
  readonly status: number;
  readonly type?: string;
  readonly location?: string;
  readonly body?: string;
}

const html = "text/html";
const stream = "text/event-stream";
const next = (data: string) => `event: next\ndata: ${data}\n\n`;
const errorJson = (code?: string) =>
  JSON.stringify({ errors: [{ message: "strange", ...(code && { extensions: { code } }) }] });

/** Responses of a proxy in front of a server that is unavailable or being replaced. */
const strange: Record<string, Strange> = {
  "401 of a proxy": { status: 401, type: html, body: "<h1>Sign in" },
  "403 of a proxy": { status: 403, type: html, body: "<h1>Forbidden" },
  "404 of a proxy": { status: 404, type: html, body: "<h1>Not found" },
  "405 of a proxy": { status: 405, type: html, body: "" },
  "408 of a proxy": { status: 408, type: html, body: "" },
  "425 of a proxy": { status: 425, type: html, body: "" },
  "500 with an internal error of the server": { status: 500, body: errorJson("INTERNAL") },
  "500 with GraphQL of a gateway": { status: 500, body: errorJson() },
  "200 with a code of a gateway": { status: 200, body: errorJson("UPSTREAM_TIMEOUT") },
  "200 with HTML": { status: 200, type: html, body: "<h1>Welcome" },
  "200 without a body": { status: 200, type: "" },
  "200 with null": { status: 200, body: "null" },
  "200 without data": { status: 200, body: '{"data":null}' },
  "204": { status: 204, type: "" },
  "302 to a page": { status: 302, location: "/login" },
  "302 to itself": { status: 302, location: "/graphql" },
  "307 to another site": { status: 307, location: "http://127.0.0.1:9/graphql" },
  "a stream without an event": { status: 200, type: stream, body: "" },
  "a stream of HTML": { status: 200, type: stream, body: "<h1>Welcome\n\n" },
  "an event that is not JSON": { status: 200, type: stream, body: next('{"data":') },
  "an event without data": { status: 200, type: stream, body: "event: next\n\n" },
  "an event that is null": { status: 200, type: stream, body: next("null") },
  "an event of another subscription": { status: 200, type: stream, body: next('{"data":{}}') },
  "a change without a revision": {
    status: 200,
    type: stream,
    body: next('{"data":{"entryChanged":{"kind":"SET","revision":"soon"}}}'),
  },
};

describe.concurrent("a response that does not come from the server", () => {
  let server: TestServer;
  let front: Server;
  let direct: DataStore;
  beforeAll(async () => {
    server = await startTestServer();
    direct = storeOf(server);
    front = createServer((request, response) => {
      const name = String(request.headers["x-answer"]);
      const { status, type = "application/json", location, body } = strange[name] as Strange;
      response.writeHead(status, {
        ...(type && { "content-type": type }),
        ...(location && { location }),
      });
      response.end(body);
    });
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
  });
  afterAll(async () => {
    direct.close();
    front.close();
    await server.close();
  });

  async function openProxy(): Promise<Proxy> {
    const proxy = new Proxy(() => server.url);
    await proxy.open();
    return proxy;
  }

  /** Reaches the server, but for some requests of one method it gets the proxy's response. */
  class Reached {
    sent = 0;
    #strange = 0;
    #name = "";
    readonly retries: Retry[] = [];
    readonly store: DataStore;

    constructor(proxy: Proxy, method: string, options: ConnectionOptions = {}) {
      this.store = storeOf(
        { ...server, url: proxy.url },
        {
          onRetry: (retry) => this.retries.push(retry),
          fetch: (input, init) => {
            if (!String(init?.body).includes(method)) return fetch(input, init);
            this.sent++;
            if (this.#strange === 0) return fetch(input, init);
            this.#strange--;
            const { port } = front.address() as AddressInfo;
            const headers = { ...(init?.headers as object), "x-answer": this.#name };
            return fetch(`http://127.0.0.1:${port}/graphql`, { ...init, headers });
          },
          ...options,
        },
      );
    }

    /** Its next `count` requests get this response. */
    find(name: string, count: number): void {
      this.#name = name;
      this.#strange = count;
    }

    get isThrough(): boolean {
      return this.#strange === 0;
    }
  }

  // Concurrent tests must not use the global `expect`, which cannot tell them apart.
  test.for(Object.keys(strange))(
    "G3: a watch, a wait and a waiting claim continue after %s",
    async (name, { expect }) => {
      const here = direct.namespace(`strange ${name}`);
      await here.set("first", 1);
      await using proxy = await openProxy();
      const watching = new Reached(proxy, "subscription watch");
      const waiting = new Reached(proxy, "query waitFor");
      const claiming = new Reached(proxy, "mutation claim");
      const all = [watching, waiting, claiming];
      await using changes = watching.store.namespace(here.name).watch({ snapshot: true });
      expect((await changes.next()).value?.kind).toBe("EXISTING");
      expect((await changes.next()).value?.kind).toBe("CAUGHT_UP");
      const change = changes.next();
      const entry = waiting.store.namespace(here.name).waitFor("awaited");
      const claim = claiming.store
        .namespace(here.name)
        .claim({ keyPrefix: "task:", leaseSeconds: 1, waitMs: 60_000 });
      // The second request of a wait follows the response to the first.
      await expect.poll(() => waiting.sent > 1 && claiming.sent > 1).toBe(true);
      for (const one of all) one.find(name, 2);
      await proxy.cut();
      await proxy.open();
      await expect.poll(() => all.every(({ isThrough }) => isThrough)).toBe(true);
      await here.set("awaited", 2);
      await here.set("task:1", 3);
      expect((await change).value).toMatchObject({ kind: "SET", key: "awaited" });
      expect((await entry).value).toBe(2);
      expect((await claim)?.key).toBe("task:1");
      for (const { retries } of all) {
        for (const { error } of retries) expect(error).toBeInstanceOf(BatonError);
      }
      expect(new Set(watching.retries.map(({ call }) => call))).toEqual(new Set(["watch"]));
      expect(new Set(waiting.retries.map(({ call, key }) => `${call} ${key}`))).toEqual(
        new Set(["waitFor awaited"]),
      );
      expect(new Set(claiming.retries.map(({ call }) => call))).toEqual(new Set(["claim"]));
      for (const { store } of all) store.close();
    },
  );

  test("a call is tried again after a page of a proxy, if the server was reached before", async () => {
    await using proxy = await openProxy();
    const writing = new Reached(proxy, "mutation set");
    const here = writing.store.namespace("proxied");
    writing.find("404 of a proxy", 1);
    await expect(here.set("k", 1)).rejects.toMatchObject({ code: "BAD_RESPONSE" });
    expect(await here.get("k")).toBeUndefined();
    writing.find("404 of a proxy", 2);
    await here.set("k", 1);
    expect(writing.retries).toMatchObject([
      { call: "set", namespace: "proxied", key: "k", attempt: 1, error: { code: "BAD_RESPONSE" } },
      { call: "set", namespace: "proxied", key: "k", attempt: 2, error: { code: "BAD_RESPONSE" } },
    ]);
    writing.store.close();
  });

  test("a permanent error ends a watch and a wait", async ({ expect }) => {
    const { secret } = await server.createToken({ namespacePatterns: ["mine"] });
    await using proxy = await openProxy();
    let token = server.token;
    const watching = new Reached(proxy, "subscription watch", { token: () => token });
    const waiting = new Reached(proxy, "query waitFor", { token: () => token });
    await using changes = watching.store.namespace("yours").watch({ snapshot: true });
    await changes.next();
    const change = changes.next();
    const entry = waiting.store.namespace("yours").waitFor("never");
    const ended = Promise.allSettled([change, entry]);
    await expect.poll(() => waiting.sent > 1).toBe(true);
    token = secret;
    await proxy.cut();
    await proxy.open();
    for (const end of await ended) {
      expect(end).toMatchObject({ status: "rejected", reason: expect.any(ForbiddenError) });
    }
    for (const { store } of [watching, waiting]) store.close();
  });

  test.for<[string, (old: string) => string]>([
    ["the old token", (old) => old],
    ["no token", () => ""],
    ["nothing", () => null as unknown as string],
    ["half of a token", () => "half of\na token"],
  ])(
    "G3: a watch, a wait and a claim continue if they get %s for some time",
    async ([name, given], { expect }) => {
      await using proxy = await openProxy();
      const here = direct.namespace(`rotated ${name}`);
      const tokens = [await server.createToken(), await server.createToken()] as const;
      let current: string = tokens[0].secret;
      const token = () => current;
      const all = ["subscription watch", "query waitFor", "mutation claim"].map(
        (method) => new Reached(proxy, method, { token }),
      );
      const [watching, waiting, claiming] = all as [Reached, Reached, Reached];
      await using changes = watching.store.namespace(here.name).watch({ snapshot: true });
      await changes.next();
      const change = changes.next();
      const entry = waiting.store.namespace(here.name).waitFor("awaited");
      const claim = claiming.store
        .namespace(here.name)
        .claim({ keyPrefix: "task:", leaseSeconds: 1, waitMs: 60_000 });
      await expect.poll(() => waiting.sent > 1 && claiming.sent > 1).toBe(true);
      current = given(tokens[0].secret);
      await server.revokeToken(tokens[0].tokenId);
      await proxy.cut();
      await proxy.open();
      await expect
        .poll(() => all.every(({ retries }) => (retries.at(-1)?.attempt ?? 0) >= 2))
        .toBe(true);
      current = tokens[1].secret;
      await here.set("awaited", 2);
      await here.set("task:1", 3);
      expect((await change).value).toMatchObject({ kind: "SET", key: "awaited" });
      expect((await entry).value).toBe(2);
      expect((await claim)?.key).toBe("task:1");
      for (const { store } of all) store.close();
    },
  );

  test.for<[string, () => string]>([
    ["no token", () => ""],
    ["an unknown token", () => "unknown"],
    ["half of a token", () => "half of\na token"],
  ])(
    "G3: a watch that has received no event continues if it gets %s for some time",
    async ([name, given], { expect }) => {
      await using proxy = await openProxy();
      let token = () => server.token;
      let begun = 0;
      const watching = new Reached(proxy, "subscription watch", {
        token: () => token(),
        fetch: async (input, init) => {
          const { body, status, headers } = await fetch(input, init);
          if (!String(init?.body).includes("subscription watch") || status !== 200) {
            return new Response(body, { status, headers });
          }
          const noted = new TransformStream<Uint8Array, Uint8Array>({
            transform(chunk, controller) {
              begun++;
              controller.enqueue(chunk);
            },
          });
          return new Response(body?.pipeThrough(noted) ?? null, { status, headers });
        },
      });
      const here = direct.namespace(`quiet ${name}`);
      await using changes = watching.store.namespace(here.name).watch();
      const change = changes.next();
      await expect.poll(() => begun).toBeGreaterThan(0);
      token = given;
      await proxy.cut();
      await proxy.open();
      await expect.poll(() => watching.retries.at(-1)?.attempt ?? 0).toBeGreaterThanOrEqual(2);
      token = () => server.token;
      await here.set("key", 1);
      expect((await change).value).toMatchObject({ kind: "SET", key: "key" });
      watching.store.close();
    },
  );

  test("G3: a watch that has received no event continues after a gateway's error and an outage longer than retryForMs", async ({
    expect,
  }) => {
    await using proxy = await openProxy();
    let begun = 0;
    let faults = 0;
    const retries: Retry[] = [];
    await using store = storeOf(
      { ...server, url: proxy.url },
      {
        retryForMs: 100,
        onRetry: (retry) => retries.push(retry),
        fetch: async (input, init) => {
          if (!String(init?.body).includes("subscription watch")) return fetch(input, init);
          if (faults-- > 0) {
            const errors = [{ message: "m", extensions: { code: "WAF_BLOCK" } }];
            return Response.json({ errors }, { status: 400 });
          }
          const { body, status, headers } = await fetch(input, init);
          const noted = new TransformStream<Uint8Array, Uint8Array>({
            transform(chunk, controller) {
              begun++;
              controller.enqueue(chunk);
            },
          });
          return new Response(body?.pipeThrough(noted) ?? null, { status, headers });
        },
      },
    );
    const here = direct.namespace("quiet gateway");
    await using changes = store.namespace(here.name).watch();
    const change = changes.next();
    await expect.poll(() => begun).toBeGreaterThan(0);
    await proxy.cut();
    // Together, the pauses before a fourth attempt are longer than retryForMs.
    await expect.poll(() => retries.at(-1)?.attempt ?? 0).toBeGreaterThanOrEqual(4);
    faults = 2;
    await proxy.open();
    await expect.poll(() => faults).toBeLessThanOrEqual(0);
    await here.set("key", 1);
    expect((await change).value).toMatchObject({ kind: "SET", key: "key" });
  });

  test("a watch whose token is always refused ends after retryForMs", async () => {
    await using proxy = await openProxy();
    const { tokenId, secret } = await server.createToken();
    const watching = new Reached(proxy, "subscription watch", {
      token: () => secret,
      retryForMs: 500,
    });
    const changes = watching.store.watch({ snapshot: true, namespacePrefix: "none" });
    await changes.next();
    const change = changes.next();
    await server.revokeToken(tokenId);
    await expect(change).rejects.toBeInstanceOf(UnauthenticatedError);
    expect(watching.retries.length).toBeGreaterThan(0);
    watching.store.close();
  });

  test("an outage writes few lines to the log, which name the repeated call", async ({
    expect,
  }) => {
    await using proxy = await openProxy();
    const waiting = new Reached(proxy, "query waitFor");
    const entry = waiting.store.namespace("away").waitFor("awaited");
    await expect.poll(() => waiting.sent > 1).toBe(true);
    await proxy.cut();
    await expect.poll(() => waiting.retries.at(-1)?.attempt).toBe(4);
    await proxy.open();
    await direct.namespace("away").set("awaited", 1);
    await entry;
    expect(waiting.retries.map(({ attempt }) => attempt)).toEqual([1, 2, 4]);
    for (const retry of waiting.retries) {
      expect(retry).toMatchObject({ call: "waitFor", namespace: "away", key: "awaited" });
    }
    waiting.store.close();
  });
});
