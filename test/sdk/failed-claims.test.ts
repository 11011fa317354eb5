import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  BadUserInputError,
  ClaimLostError,
  LimitExceededError,
  type Claim,
  type DataStore,
  type Namespace,
} from "../../src/client/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "./sdk-store.ts";

describe("failed work of the SDK", () => {
  let server: TestServer;
  let store: DataStore;
  let work: Namespace;
  let count = 0;
  beforeAll(async () => {
    server = await startTestServer();
    store = storeOf(server, { agent: "worker" });
  });
  afterAll(async () => {
    store.close();
    await server.close();
  });
  beforeEach(async () => {
    work = store.namespace(`failing-${++count}`);
    await work.set("task", "todo");
  });

  async function taken(options = {}): Promise<Claim> {
    const claim = await work.claim(options);
    if (!claim) throw new Error("No entry was free.");
    return claim;
  }

  test("is tried again after a delay that grows, or after the given delay", async () => {
    const before = Date.now();
    const claimableAt = await (await taken()).fail("first");
    expect(Number(claimableAt) - before).toBeGreaterThan(900);
    const second = await taken({ waitMs: 10_000, leaseSeconds: 2 });
    expect(second).toMatchObject({ attempt: 2, error: "first", maxAttempts: null });
    expect(second.failedAt?.getTime()).toBeGreaterThanOrEqual(before - 1_000);
    await second.fail({ code: 7 }, { delaySeconds: 0 });
    const third = await taken();
    expect(third).toMatchObject({ attempt: 3, error: { code: 7 } });
    expect(await third.release({ delaySeconds: 60 })).toBeInstanceOf(Date);
    expect(await work.claim()).toBeUndefined();
  });

  test("keeps the text of an Error, and the beginning of a long text", async () => {
    await (await taken()).fail(new TypeError("not a number"), { delaySeconds: 0 });
    const next = await taken();
    expect(next.error).toBe("TypeError: not a number");
    await next.fail(new Error("x".repeat(100_000)), { delaySeconds: 0 });
    expect((await taken()).error).toMatch(/^Error: x{993}$/);
  });

  test("is a dead letter after its last attempt, until it is requeued", async () => {
    expect(await (await taken({ maxAttempts: 1 })).fail("why")).toBeNull();
    const letters = [];
    for await (const letter of work.deadLetters({ keyPrefix: "ta" })) letters.push(letter);
    expect(letters).toMatchObject([
      {
        entry: { key: "task", value: "todo", createdAt: expect.any(Date) },
        attempt: 1,
        maxAttempts: 1,
        failedAt: expect.any(Date),
        error: "why",
      },
    ]);
    expect(await work.requeue("task")).toBe(true);
    expect(await work.requeue("task")).toBe(false);
    expect(await (await taken()).fail("again", { retry: false })).toBeNull();
    await store.transact((t) => t.in(work).requeue("task"));
    expect((await taken()).attempt).toBe(1);
  });

  test("a claim continues if `fail` was refused, and ends if it succeeded", async () => {
    const claim = await taken();
    await expect(claim.fail("x".repeat(20_000))).rejects.toThrow(LimitExceededError);
    await expect(claim.fail((() => {}) as unknown)).rejects.toThrow(BadUserInputError);
    await claim.fail("short");
    await expect(claim.fail("twice")).rejects.toThrow(ClaimLostError);
    await expect(claim.complete()).rejects.toThrow(ClaimLostError);
  });

  test("completed work can be claimed again after it is reopened, with or without a new value", async () => {
    await (await taken()).complete("done");
    expect(await work.reopen("task")).toBe(true);
    expect(await work.reopen("task")).toBe(false);
    await (await taken()).complete("done");
    const { results } = await store.transact((t) => {
      t.in(work).set("task", "once more");
      t.in(work).reopen("task");
    });
    expect(results.map(({ reopened }) => reopened)).toEqual([null, true]);
    expect((await taken()).value).toBe("once more");
  });
});
