import { afterAll, beforeAll, describe, expect, test as baseTest } from "vitest";
import {
  ClaimLostError,
  UnavailableError,
  type ConnectionOptions,
  type DataStore,
  type Namespace,
} from "../../src/client/index.ts";
import { Proxy } from "../examples/proxy.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf, takeUntil } from "./sdk-store.ts";

const task = { keyPrefix: "task:" };

// Most of these tests wait for leases to end, so they run at the same time.
describe.concurrent("a claim of the SDK", () => {
  let server: TestServer;
  let store: DataStore;
  const test = baseTest.extend<{ work: Namespace }>({
    work: async ({ task: { id } }, use) => use(store.namespace(`work-${id}`)),
  });
  beforeAll(async () => {
    server = await startTestServer();
    store = storeOf(server, { agent: "worker" });
  });
  afterAll(async () => {
    store.close();
    await server.close();
  });

  const aborted = (signal: AbortSignal) =>
    new Promise<unknown>((resolve) => {
      if (signal.aborted) resolve(signal.reason);
      signal.addEventListener("abort", () => resolve(signal.reason));
    });

  /** Waits for a number of seconds by the database's clock. */
  async function pass(work: Namespace, seconds: number): Promise<void> {
    await work.set("clock", 1, { ttlSeconds: seconds });
    await takeUntil(work.watch({ key: "clock", snapshot: true }), ({ kind }) => kind === "EXPIRED");
  }

  test("G11: is renewed while its work takes longer than the lease", async ({ work }) => {
    await work.setMany({ "task:1": "todo", step: 2 });
    const claim = await work.claim({ ...task, leaseSeconds: 2 });
    await pass(work, 3);
    expect(await work.claim(task)).toBeUndefined();
    expect(claim).toMatchObject({ key: "task:1", value: "todo", attempt: 1 });
    const completed = await claim!.complete(
      { words: 3 },
      {
        metadata: { by: 1 },
        transact: async (t) => {
          const by: number = await work.get("step");
          t.in(work).increment("meta", { path: "/done", by });
        },
      },
    );
    expect(completed).toMatchObject({
      key: "task:1",
      value: { words: 3 },
      metadata: { by: 1 },
      updatedBy: "worker",
    });
    expect(await work.get("meta")).toEqual({ done: 2 });
    expect(await work.claim(task)).toBeUndefined();
    await expect(claim!.complete("again")).rejects.toThrow(ClaimLostError);
    expect(claim!.signal.aborted).toBe(false);
  });

  test("G11: passes to another worker if its worker has ended; the attempt counts", async ({
    work,
  }) => {
    await work.set("task:1", "todo");
    const dying = storeOf(server);
    const lost = await dying.namespace(work.name).claim({ ...task, leaseSeconds: 1 });
    dying.close();
    expect(await aborted(lost!.signal)).toMatchObject({ message: "The data store was closed." });
    await lost![Symbol.asyncDispose]();
    const next = await work.claim({ ...task, waitMs: 60_000 });
    expect(next).toMatchObject({ key: "task:1", attempt: 2 });
    await expect(lost!.release()).rejects.toThrow("closed");
    await next!.complete();
    expect(await work.get("task:1")).toBe("todo");
  });

  test("ends with its release, and at the end of its block", async ({ work }) => {
    await work.set("task:1", "todo");
    const first = await work.claim(task);
    await first!.release();
    await first![Symbol.asyncDispose]();
    {
      await using second = await work.claim(task);
      expect(second?.attempt).toBe(2);
    }
    {
      await using third = await work.claim(task);
      expect(third?.attempt).toBe(3);
      await third?.complete("done");
    }
    expect(await work.claim(task)).toBeUndefined();
  });

  test("aborts its signal when its entry is deleted", async ({ work }) => {
    await work.set("task:1", "todo");
    const claim = await work.claim({ ...task, leaseSeconds: 1 });
    await work.delete("task:1");
    expect(await aborted(claim!.signal)).toBeInstanceOf(ClaimLostError);
    await expect(claim!.complete("late")).rejects.toThrow(ClaimLostError);
    await claim![Symbol.asyncDispose]();
  });

  test("aborts its signal when the server is unavailable for a whole lease", async ({ work }) => {
    await using proxy = new Proxy(() => server.url);
    await proxy.open();
    await using far = storeOf({ ...server, url: proxy.url });
    await work.set("task:1", "todo");
    const claim = await far.namespace(work.name).claim({ ...task, leaseSeconds: 1 });
    await proxy.cut();
    expect(await aborted(claim!.signal)).toMatchObject({
      code: "CLAIM_LOST",
      message: 'The lease of "task:1" could not be renewed before its end.',
    });
  });

  /** The worker's store, whose requests pass through a function. */
  function handled(
    hand: (body: string, send: () => Promise<Response>, signal: AbortSignal) => Promise<Response>,
    options: ConnectionOptions = {},
  ) {
    return storeOf(server, {
      retryForMs: 0,
      fetch: (input, init) =>
        hand(String(init?.body), () => fetch(input, init), init?.signal as AbortSignal),
      ...options,
    });
  }

  test("G11: survives failed renewals if one succeeds in time", async ({ work }) => {
    const faults = [
      () => Promise.reject(new TypeError("fetch failed")),
      () => Promise.resolve(new Response("<h1>Not found</h1>", { status: 404 })),
      () =>
        Promise.resolve(
          Response.json({
            errors: [{ message: "internal error", extensions: { code: "INTERNAL" } }],
          }),
        ),
    ];
    let renewals = 0;
    await using far = handled((body, send) => {
      if (!body.includes("renewClaim")) return send();
      renewals++;
      return faults.shift()?.() ?? send();
    });
    let hangs = 1;
    await using silent = handled((body, send, signal) => {
      if (!body.includes("renewClaim") || hangs-- <= 0) return send();
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    });
    await work.setMany({ "task:1": "todo", "task:2": "todo" });
    const claim = await far.namespace(work.name).claim({ ...task, leaseSeconds: 3 });
    const other = await silent.namespace(work.name).claim({ ...task, leaseSeconds: 3 });
    await pass(work, 4);
    expect(await work.claim(task)).toBeUndefined();
    expect([renewals > 3, hangs < 0]).toEqual([true, true]);
    for (const kept of [claim!, other!]) {
      expect(kept.signal.aborted).toBe(false);
      await kept.complete("done");
    }
  });

  test("G11: is not lost to a renewal between its completion and the response", async ({
    work,
  }) => {
    let renewed = () => {};
    const refused = new Promise<void>((resolve) => (renewed = resolve));
    await using slow = handled(async (body, send) => {
      const response = await send();
      if (body.includes("renewClaim")) renewed();
      if (body.includes("completeClaim")) await refused;
      return response;
    });
    await work.set("task:1", "todo");
    const claim = await slow.namespace(work.name).claim({ ...task, leaseSeconds: 1 });
    const completed = claim!.complete("done", { signal: claim!.signal });
    expect((await completed).value).toBe("done");
    expect(claim!.signal.aborted).toBe(false);
  });

  test("waits for a new or released entry, until its timeout, or until its signal aborts", async ({
    work,
  }) => {
    const waiting = work.claim({ ...task, waitMs: Number.POSITIVE_INFINITY });
    await work.set("other", 1);
    await work.set("task:1", "todo");
    const first = await waiting;
    expect(first?.key).toBe("task:1");
    const released = work.claim({ ...task, waitMs: 60_000 });
    await first!.release();
    expect((await released)?.attempt).toBe(2);
    expect(await work.claim({ ...task, waitMs: 50 })).toBeUndefined();
    const abort = new AbortController();
    const reason = new Error("enough");
    const ended = work.claim({ ...task, waitMs: 60_000, signal: abort.signal });
    abort.abort(reason);
    await expect(ended).rejects.toBe(reason);
    const retries: unknown[] = [];
    const closing = storeOf(server, { onRetry: (retry) => retries.push(retry) });
    const looked = closing.namespace(work.name);
    const waits = [looked.claim({ ...task, waitMs: 60_000 }), looked.waitFor("never")];
    const rejected = waits.map((wait) => expect(wait).rejects.toThrow("store was closed"));
    await looked.get("k");
    closing.close();
    await Promise.all(rejected);
    expect(retries).toEqual([]);
  });

  test("continues to wait during an outage of the server, if the server was reached before", async ({
    work,
  }) => {
    await using proxy = new Proxy(() => server.url);
    await proxy.open();
    let looks = 0;
    await using far = storeOf(
      { ...server, url: proxy.url },
      {
        retryForMs: 0,
        fetch: (input, init) => {
          if (String(init?.body).includes("claimEntry")) looks++;
          return fetch(input, init);
        },
      },
    );
    const claim = far.namespace(work.name).claim({ ...task, leaseSeconds: 1, waitMs: 60_000 });
    // The second request follows the response to the first.
    await expect.poll(() => looks).toBeGreaterThan(1);
    await proxy.cut();
    const before = looks;
    await expect.poll(() => looks).toBeGreaterThan(before + 1);
    await proxy.open();
    await work.set("task:1", "todo");
    expect((await claim)?.key).toBe("task:1");
    await work.clear();
  });

  test("G12: gets a grant whose response was lost with its next request; without idempotency keys, it reports the loss", async ({
    work,
  }) => {
    for (const retryWrites of [true, false]) {
      let looks = 0;
      await using lossy = handled(
        async (body, send) => {
          const answer = await send();
          // The first request finds nothing. Then two tasks exist, and the response that grants one is lost.
          if (!body.includes("claimEntry") || ++looks !== 2) return answer;
          throw new TypeError("fetch failed");
        },
        { retryWrites },
      );
      const claim = lossy.namespace(work.name).claim({ ...task, leaseSeconds: 60, waitMs: 60_000 });
      const ended = claim.catch((fault: unknown) => fault);
      await expect.poll(() => looks).toBeGreaterThan(0);
      await work.setMany({ "task:1": "todo", "task:2": "todo" });
      if (retryWrites) expect(await ended).toMatchObject({ key: "task:1", attempt: 1 });
      else expect(await ended).toBeInstanceOf(UnavailableError);
      await work.clear();
    }
  });

  test("G11: eight workers complete each of many tasks once", async ({ work }) => {
    const keys = Array.from({ length: 60 }, (_, index) => `task:${index}`);
    await work.setMany(Object.fromEntries(keys.map((key) => [key, 0])));
    const done: string[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (;;) {
          const claim = await work.claim(task);
          if (!claim) return;
          await claim.complete(claim.value + 1, {
            transact: (t) => t.in(work).increment("meta", { path: "/completed" }),
          });
          done.push(claim.key);
        }
      }),
    );
    expect(done.toSorted()).toEqual(keys.toSorted());
    expect(await work.get("meta")).toEqual({ completed: 60 });
    expect(new Set(Object.values(await work.getMany(keys)))).toEqual(new Set([1]));
  });
});
