import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  BadUserInputError,
  RevisionCompactedError,
  UnauthenticatedError,
  UnavailableError,
  type Change,
  type DataStore,
  type Namespace,
} from "../../src/client/index.ts";
import { Proxy } from "../examples/proxy.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { collect, storeOf, take, takeUntil } from "./sdk-store.ts";

/** A reader's copy of the store, to which each change is applied. */
class Replica {
  readonly values = new Map<string, unknown>();
  readonly existing: string[] = [];

  apply(change: Change): void {
    const { kind, namespace, key, entry } = change;
    if (kind === "EXISTING") this.existing.push(`${namespace} ${key}`);
    if (kind === "NAMESPACE_CLEARED") {
      for (const id of this.values.keys())
        if (id.startsWith(`${namespace} `)) this.values.delete(id);
    } else if (entry !== null) {
      this.values.set(`${namespace} ${key}`, entry.value);
    } else if (key !== null) {
      this.values.delete(`${namespace} ${key}`);
    }
  }
}

describe("a watch of the SDK", () => {
  let server: TestServer;
  let proxy: Proxy;
  let direct: DataStore;
  let store: DataStore;
  let tasks: Namespace;
  let retries: number;
  beforeEach(async () => {
    server = await startTestServer();
    proxy = new Proxy(() => server.url);
    await proxy.open();
    direct = storeOf(server, { agent: "writer" });
    retries = 0;
    store = storeOf({ ...server, url: proxy.url }, { onRetry: () => retries++ });
    tasks = direct.namespace("tasks");
  });
  afterEach(async () => {
    store.close();
    direct.close();
    await proxy[Symbol.asyncDispose]();
    await server.close();
  });

  test("delivers changes after its beginning, with their types", async () => {
    await tasks.set("before", 1);
    const watching = store.namespace("tasks").watch();
    let change: Change | undefined;
    const seen = watching.next().then(({ value }) => (change = value as Change));
    // Only its first change shows that it has begun.
    for (let value = 0; !change; value++) await tasks.set("k", value);
    expect(await seen).toMatchObject({
      kind: "SET",
      namespace: "tasks",
      key: "k",
      agent: "writer",
      at: expect.any(Date),
      entry: { key: "k", revision: change.revision, updatedAt: change.at },
    });
    await watching.return();
  });

  test("G3: delivers changes after a revision, by key, prefix and namespace; a cleared namespace is one change", async () => {
    const revision = await tasks.set("task:1", "one");
    await direct.namespace("other").set("task:2", "two");
    await tasks.set("meta", "three");
    await tasks.delete("task:1");
    await tasks.clear();
    await tasks.set("end", 1);
    const shown = (changes: readonly Change[]) => changes.map(({ kind, key }) => `${kind} ${key}`);
    const here = store.namespace("tasks");
    expect(shown(await take(here.watch({ after: "0", keyPrefix: "task:" }), 3))).toEqual([
      "SET task:1",
      "DELETED task:1",
      "NAMESPACE_CLEARED null",
    ]);
    expect(shown(await take(here.watch({ after: revision, key: "meta" }), 2))).toEqual([
      "SET meta",
      "NAMESPACE_CLEARED null",
    ]);
    expect(shown(await take(store.watch({ after: "0", namespacePrefix: "o" }), 1))).toEqual([
      "SET task:2",
    ]);
    expect(shown(await take(store.watch({ after: revision }), 5))).toEqual([
      "SET task:2",
      "SET meta",
      "DELETED task:1",
      "NAMESPACE_CLEARED null",
      "SET end",
    ]);
  });

  test("G4: delivers a snapshot, then the changes", async () => {
    await tasks.setMany({ a: 1, b: 2 });
    const watching = store.namespace("tasks").watch({ snapshot: true });
    const before = await takeUntilCaughtUp(watching);
    expect(before.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      "EXISTING a",
      "EXISTING b",
      "CAUGHT_UP null",
    ]);
  });

  async function takeUntilCaughtUp(changes: AsyncIterable<Change>): Promise<Change[]> {
    return takeUntil(changes, ({ kind }) => kind === "CAUGHT_UP");
  }

  test("G2 G3: delivers every change once and in order, regardless of lost connections", async () => {
    let isWriting = true;
    const writing = (async () => {
      for (let value = 1; value <= 150; value++) await tasks.set(`k${value % 7}`, value);
      isWriting = false;
    })();
    const cutting = (async () => {
      while (isWriting) {
        await proxy.cut();
        await proxy.open();
        await direct.viewer();
        await tasks.get("k0");
      }
    })();
    const changes = await take(store.namespace("tasks").watch({ after: "0" }), 150);
    await Promise.all([writing, cutting]);
    expect(changes.map(({ revision }) => Number(revision))).toEqual(
      Array.from({ length: 150 }, (_, index) => index + 1),
    );
    expect(changes.map(({ entry }) => entry?.value)).toEqual(changes.map((_, index) => index + 1));
    expect(retries).toBeGreaterThan(0);
  });

  test("G4: an interrupted snapshot shows each entry once, and entries that were removed in between as removed", async () => {
    const large = "x".repeat(50_000);
    const keys = Array.from({ length: 300 }, (_, index) => `k${String(index).padStart(3, "0")}`);
    for (let at = 0; at < keys.length; at += 100) {
      await tasks.setMany(Object.fromEntries(keys.slice(at, at + 100).map((key) => [key, large])));
    }
    const cleared = direct.namespace("a-cleared");
    await cleared.setMany({ gone: 1, stays: 1 });

    const replica = new Replica();
    let caughtUp: Change | undefined;
    for await (const change of store.watch({ snapshot: true })) {
      replica.apply(change);
      if (replica.existing.length === 60 && change.kind === "EXISTING" && retries === 0) {
        await proxy.cut();
        // An entry that was shown, one that was not shown yet, and a whole namespace.
        await tasks.delete("k003");
        await tasks.set("k005", "new");
        await tasks.delete("k299");
        await tasks.set("k298", "newer");
        await cleared.clear();
        await cleared.set("stays", 2);
        await proxy.open();
      }
      if (change.kind === "CAUGHT_UP") {
        caughtUp = change;
        break;
      }
    }
    expect(retries).toBeGreaterThan(0);
    expect(caughtUp?.revision).toBe((await direct.viewer()).headRevision);
    const entries = [...(await collect(cleared.entries())), ...(await collect(tasks.entries()))];
    expect([...replica.values].toSorted()).toEqual(
      entries.map(({ namespace, key, value }) => [`${namespace} ${key}`, value]).toSorted(),
    );
    // An entry is shown again only if it differs from the one before.
    const twice = replica.existing.filter((id, at) => replica.existing.indexOf(id) !== at);
    expect(twice.filter((id) => !["tasks k005", "a-cleared stays"].includes(id))).toEqual([]);
  });

  test("continues after a restart of the server", async () => {
    const seen: unknown[] = [];
    for await (const change of store.namespace("tasks").watch({ snapshot: true })) {
      if (change.kind === "CAUGHT_UP") {
        await tasks.set("k", 1);
        await server.restart();
        direct.close();
        direct = storeOf(server);
        await direct.namespace("tasks").set("k", 2);
        continue;
      }
      seen.push(change.entry?.value);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([1, 2]);
  });

  test("replaces a connection that silently stops working", async () => {
    await using patient = storeOf({ ...server, url: proxy.url }, { maxSilenceMs: 1_000 });
    const seen: unknown[] = [];
    for await (const change of patient.namespace("tasks").watch({ snapshot: true })) {
      if (change.kind === "CAUGHT_UP") {
        proxy.freeze();
        await tasks.set("k", 1);
        continue;
      }
      seen.push(change.entry?.value);
      break;
    }
    expect(seen).toEqual([1]);
  });

  test("a slow reader gets all changes without retries", async () => {
    const watching = store.namespace("tasks").watch({ snapshot: true });
    expect((await watching.next()).value?.kind).toBe("CAUGHT_UP");
    for (let value = 1; value <= 100; value++) await tasks.set("k", value);
    const changes = await take(watching, 100);
    expect(changes.map(({ entry }) => entry?.value)).toEqual(changes.map((_, index) => index + 1));
    expect(retries).toBe(0);
  });

  test("G3: a position that the log no longer contains is an error, not a gap", async () => {
    await using compacted = await startTestServer({ retentionDays: 0, retentionChanges: 5 });
    await using own = storeOf(compacted);
    for (let value = 0; value < 20; value++) await own.namespace("tasks").set("k", value);
    await compacted.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges: 5 }));
    const error = await take(own.watch({ after: "3" }), 1).catch((fault) => fault);
    expect(error).toBeInstanceOf(RevisionCompactedError);
    expect(error).toMatchObject({ code: "REVISION_COMPACTED", oldestRevision: "16" });
  });

  test("a quiet watch continues after later revisions, so that the log can be compacted", async () => {
    // Quiet since the beginning of the log, which is compacted before the watch reconnects.
    const lagging = direct.namespace("lagging").watch({ after: "0" });
    const late = lagging.next();
    for (let value = 0; value < 5; value++) await tasks.set("k", value);
    const watching = store.namespace("quiet").watch();
    const first = watching.next();
    for (let value = 0; value < 20; value++) await tasks.set("k", value);
    const { headRevision, epoch } = await direct.viewer();
    await server.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges: 20 }));
    const asked = vi.spyOn(globalThis, "fetch");
    try {
      // The server sends the position that the watch has reached.
      await vi.waitFor(
        async () => {
          await proxy.cut();
          await proxy.open();
          const bodies = asked.mock.calls.map(([, init]) => String(init?.body));
          const afters = bodies.filter((body) => /entryChanged.*"quiet"/.test(body));
          expect(JSON.parse(afters.at(-1) ?? "{}")).toMatchObject({
            variables: { after: headRevision, epoch },
          });
        },
        { timeout: 20_000, interval: 300 },
      );
    } finally {
      asked.mockRestore();
    }
    await direct.namespace("quiet").set("k", 1);
    expect((await first).value).toMatchObject({ kind: "SET", namespace: "quiet" });
    await direct.namespace("lagging").set("k", 1);
    expect((await late).value).toMatchObject({ kind: "SET", namespace: "lagging" });
    await watching.return();
    await lagging.return();
  });

  test("ends with its signal, with the store, with its reader's break, and with its token", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const aborted = collect(store.watch({ snapshot: true, signal: abort.signal }));
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);

    const { tokenId, secret } = await server.createToken();
    const revoked = storeOf({ ...server, token: secret }).watch({ snapshot: true });
    expect((await revoked.next()).value?.kind).toBe("CAUGHT_UP");
    await server.revokeToken(tokenId);
    await expect(revoked.next()).rejects.toThrow(UnauthenticatedError);

    const own = storeOf(server);
    const closing = own.watch({ snapshot: true });
    await closing.next();
    const ended = closing.next();
    own.close();
    expect(await ended).toEqual({ done: true, value: undefined });
  });

  test("return() ends a watch, and a list that waits for a page, without delay", async () => {
    const changes = store.watch({ after: "0" });
    const change = changes.next();
    await changes.return();
    expect(await change).toEqual({ done: true, value: undefined });
    const begun = store.watch({ snapshot: true });
    expect((await begun.next()).value?.kind).toBe("CAUGHT_UP");
    const waiting = [begun.next(), begun.next()];
    expect(await begun.return()).toEqual({ done: true, value: undefined });
    for (const ended of waiting) expect(await ended).toEqual({ done: true, value: undefined });
    expect(await begun.next()).toEqual({ done: true, value: undefined });
    // No response ever arrives, so only return() can end it.
    const silent = storeOf(server, { fetch: () => new Promise(() => {}) });
    const lists: AsyncGenerator<unknown, void>[] = [
      silent.watch(),
      silent.namespace().watch({ snapshot: true }),
      silent.namespace().entries(),
      silent.namespace().history("k"),
      silent.search("text"),
    ];
    for (const list of lists) {
      const next = list.next();
      await list.return();
      expect(await next).toEqual({ done: true, value: undefined });
    }
    expect(retries).toBe(0);
  });

  test("a token function can return another token during a watch, and between calls", async () => {
    const tokens = [await server.createToken(), await server.createToken()];
    let current = 0;
    let isVaultClosed = false;
    const renewed = storeOf(server, {
      token: () => {
        if (!isVaultClosed) return tokens[current]!.secret;
        isVaultClosed = false;
        throw new Error("the vault is closed");
      },
    });
    const changes = renewed.namespace("tasks").watch({ snapshot: true });
    expect((await changes.next()).value?.kind).toBe("CAUGHT_UP");
    const change = changes.next();
    const old = tokens[current++]!;
    isVaultClosed = true;
    await server.revokeToken(old.tokenId);
    await tasks.set("k", 1);
    expect((await change).value).toMatchObject({ kind: "SET", key: "k" });
    await changes.return();
    const asked: string[] = [];
    const late = storeOf(server, {
      retryForMs: 0,
      retryWrites: false,
      token: () => (asked.push("token"), asked.length === 1 ? old : tokens[current]!).secret,
    });
    expect(await late.namespace("tasks").delete("k")).toBe(true);
    const refused = storeOf(server, { token: () => (asked.push("refused"), old.secret) });
    await expect(refused.viewer()).rejects.toThrow(UnauthenticatedError);
    await expect(refused.watch().next()).rejects.toThrow(UnauthenticatedError);
    expect(asked).toEqual(["token", "token", "refused", "refused", "refused", "refused"]);
    for (const one of [renewed, late, refused]) one.close();
  });

  test("reports why it cannot begin: an invalid start, an invalid token, no server", async () => {
    const wrong = store.watch({ snapshot: true, after: "1" });
    await expect(wrong.next()).rejects.toThrow(BadUserInputError);
    const future = store.watch({ after: "1000" });
    await expect(future.next()).rejects.toThrow(BadUserInputError);
    const stranger = storeOf({ ...server, token: "baton_wrong" }).watch();
    await expect(stranger.next()).rejects.toThrow(UnauthenticatedError);
    await proxy.cut();
    await using hasty = storeOf({ ...server, url: proxy.url }, { retryForMs: 300 });
    await expect(hasty.watch({ after: "0" }).next()).rejects.toThrow(UnavailableError);
    await proxy.open();
  });
});
