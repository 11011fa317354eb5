import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Hub } from "../../src/feed/hub.ts";
import type { EntryWait } from "../../src/feed/entry-waits.ts";
import { query, refusal, socketClient, subscribeOn } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { clear, increment, refusedWhole, remove, set, waitFor } from "../operations.ts";
import { createPostgres } from "../postgres.ts";
import { startInstances, type TestServer } from "../server.ts";

const document = (key: string) => `{ awaitEntry(key: "${key}", timeoutSeconds: 60) { value } }`;

describe.each(plainDatabases)("awaitEntry on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  // The servers run in this process, so the test sees what each hub holds.
  const attach = vi.spyOn(Hub.prototype, "attach");
  afterEach(() => {
    attach.mockClear();
  });

  /** Resolves when this number of calls have begun to wait. */
  async function untilWaiting(count: number): Promise<Hub> {
    while (attach.mock.calls.length < count) await turn();
    return attach.mock.contexts[0] as Hub;
  }

  async function untilFreed(hub: Hub): Promise<void> {
    while (hub.userIds.length > 0) await turn();
  }

  test("returns an existing entry immediately, with all its fields", async () => {
    const { entry } = await set(server, { key: "there", value: { a: 1 }, ttlSeconds: 1_000 });
    expect(await waitFor(server, { key: "there" })).toEqual(entry);
    expect(await waitFor(server, { key: "there", timeoutSeconds: 0 })).toEqual(entry);
    expect(await waitFor(server, { key: "there", after: "0" })).toEqual(entry);
  });

  test("returns a missing entry as soon as it is written, and no other", async () => {
    const waiting = waitFor(server, { namespace: "await", key: "later" });
    const hub = await untilWaiting(1);
    await set(server, { namespace: "await", key: "late", value: 1 });
    await set(server, { key: "later", value: 1 });
    await remove(server, { namespace: "await", key: "later" });
    await clear(server, "await");
    const { entry } = await set(server, { namespace: "await", key: "later", value: 1 });
    expect(await waiting).toEqual(entry);
    await untilFreed(hub);
  });

  test("returns only a later write when after is given", async () => {
    const first = await set(server, { key: "again", value: 1 });
    const { revision: after } = first;
    expect(await waitFor(server, { key: "again", after, timeoutSeconds: 0 })).toBeNull();
    const before = String(BigInt(after) - 1n);
    expect(await waitFor(server, { key: "again", after: before })).toEqual(first.entry);
    const waiting = waitFor(server, { key: "again", after });
    await untilWaiting(3);
    await remove(server, { key: "again" });
    const { entry } = await increment(server, { key: "again", by: 5 });
    expect(await waiting).toEqual(entry);
  });

  test("returns null at the timeout, immediately for 0", async () => {
    expect(await waitFor(server, { key: "never", timeoutSeconds: 0 })).toBeNull();
    const begin = performance.now();
    expect(await waitFor(server, { key: "never", timeoutSeconds: 1 })).toBeNull();
    expect(performance.now() - begin).toBeGreaterThan(990);
  });

  test.each<[string, object, object]>([
    [
      "a negative time",
      { timeoutSeconds: -1 },
      { code: "BAD_USER_INPUT", argument: "timeoutSeconds" },
    ],
    [
      "more than the limit",
      { timeoutSeconds: 61 },
      { code: "LIMIT_EXCEEDED", limit: "maxAwaitSeconds", max: 60, argument: "timeoutSeconds" },
    ],
    [
      "a time beyond 32 bits",
      { timeoutSeconds: 2 ** 31 },
      { code: "BAD_USER_INPUT", argument: "timeoutSeconds" },
    ],
    [
      "a revision in the future",
      { after: "999999" },
      { code: "BAD_USER_INPUT", argument: "after" },
    ],
    ["a negative revision", { after: "-1" }, { code: "BAD_USER_INPUT", argument: "after" }],
    ["an empty key", { key: "" }, { code: "BAD_USER_INPUT", argument: "key" }],
    [
      "a namespace with a line end",
      { namespace: "\n" },
      { code: "BAD_USER_INPUT", argument: "namespace" },
    ],
  ])("G9 G10: refuses %s", async (_name, input, extensions) => {
    const call = () => waitFor(server, { key: "never", ...input });
    expect(await refusedWhole(server, call)).toEqual(extensions);
  });

  test("G1: waits only for entries of the user that the token covers", async () => {
    const other = await server.createToken({ userId: "other" });
    const limited = await server.createToken({ namespacePatterns: ["part"] });
    const writer = await server.createToken({ scopes: ["write"] });
    const strange = waitFor(server, { key: "shared", timeoutSeconds: 1 }, { token: other.secret });
    await untilWaiting(1);
    await set(server, { key: "shared", value: "confidential" });
    expect(await strange).toBeNull();
    for (const { secret } of [limited, writer]) {
      const { code } = await refusal(waitFor(server, { key: "shared" }, { token: secret }));
      expect(code).toBe("FORBIDDEN");
    }
  });

  test("ends the wait of a revoked token with UNAUTHENTICATED, and continues other waits", async () => {
    const { tokenId, secret } = await server.createToken();
    const ended = refusal(waitFor(server, { key: "revoked" }, { token: secret }));
    const other = waitFor(server, { key: "revoked" });
    await untilWaiting(2);
    await server.revokeToken(tokenId);
    expect((await ended).code).toBe("UNAUTHENTICATED");
    await set(server, { key: "revoked", value: 1 });
    expect((await other)?.value).toBe(1);
  });

  test("G9: ends the wait of a caller that disconnects: over HTTP, a socket, and one operation of a socket", async () => {
    const left = new AbortController();
    const byHttp = fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${server.token}` },
      body: JSON.stringify({ query: document("gone") }),
      signal: left.signal,
    }).catch(() => {});
    const hub = await untilWaiting(1);
    left.abort();
    await untilFreed(hub);
    await byHttp;

    const closing = socketClient(server.url, { token: server.token });
    const bySocket = subscribeOn(closing, document("gone"));
    await untilWaiting(2);
    await closing.dispose();
    await untilFreed(hub);
    await bySocket.rest().catch(() => {});

    const client = socketClient(server.url, { token: server.token });
    await using other = subscribeOn(client, document("kept"));
    await untilWaiting(3);
    const operation = subscribeOn(client, document("gone"));
    await untilWaiting(4);
    const [kept, gone] = attach.mock.calls.slice(-2).map(([, wait]) => wait as EntryWait);
    await operation[Symbol.asyncDispose]();
    while (!gone?.isOver) await turn();
    expect(kept?.isOver).toBe(false);
    await set(server, { key: "kept", value: 1 });
    expect(await other.next()).toEqual({ value: 1 });
    await client.dispose();
  });

  test("ends waits immediately with UNAVAILABLE when the server stops", async () => {
    const own = await start();
    const client = socketClient(own.url, { token: own.token });
    const bySocket = refusal(subscribeOn(client, document("never")).next());
    const byHttp = refusal(query(own, document("never")));
    await untilWaiting(2);
    const begin = performance.now();
    await own.close();
    expect((await byHttp).code).toBe("UNAVAILABLE");
    expect((await bySocket).code).toBe("UNAVAILABLE");
    expect(performance.now() - begin).toBeLessThan(3_000);
  });

  test("ends 100 waits for one key with one set, with the same revision", async () => {
    const waits = Array.from({ length: 100 }, () => waitFor(server, { key: "crowd" }));
    const hub = await untilWaiting(100);
    const { entry } = await set(server, { key: "crowd", value: "go" });
    for (const found of await Promise.all(waits)) expect(found).toEqual(entry);
    await untilFreed(hub);
  });
});

test("ends a wait when another instance writes, without polling", async () => {
  const attach = vi.spyOn(Hub.prototype, "attach").mockClear();
  const neverPolls = { pollIntervalMs: 60_000 };
  await using instances = await startInstances(2, neverPolls, await createPostgres());
  const [waiter, writer] = instances.servers;
  const waiting = waitFor(waiter!, { key: "k" });
  while (attach.mock.calls.length === 0) await turn();
  const { entry } = await set(writer!, { key: "k", value: 1 });
  expect(await waiting).toEqual(entry);
});
