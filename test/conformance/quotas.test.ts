import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { query, refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  claim,
  get,
  headRevision,
  increment,
  mutate,
  refusedWhole,
  remove,
  set,
  transact,
} from "../operations.ts";
import type { TestServer } from "../server.ts";

describe.each(plainDatabases)("quotas on $name", ({ start }) => {
  let server: TestServer;
  let users = 0;
  beforeAll(async () => {
    server = await start({
      maxEntries: 5,
      maxNamespaces: 2,
      maxStoredMebibytes: 1,
      maxKeyedWritesPerDay: 4,
    });
  });
  afterEach(() => vi.useRealTimers());
  afterAll(() => server.close());

  const newUser = async () => ({
    token: (await server.createToken({ userId: `user ${++users}` })).secret,
  });
  type As = { readonly token: string };
  const quotaOf = async (call: Promise<unknown>) => {
    const { extensions } = await refusal(call);
    expect(extensions.code).toBe("LIMIT_EXCEEDED");
    return [extensions.limit, extensions.max];
  };
  const usage = async (as: As) =>
    (await query(server, "{ viewer { usage { entryCount namespaceCount } } }", {}, as)).viewer
      .usage;
  const setAll = (as: As, keys: string[], namespace = "a") =>
    mutate(
      server,
      "setEntries",
      "revision",
      { namespace, entries: keys.map((key) => ({ key, value: 1 })) },
      as,
    );

  test("G9: limits the number of entries; existing ones can be written, and deletes make room", async () => {
    const as = await newUser();
    await setAll(as, ["1", "2", "3", "4"]);
    // All or nothing (G6).
    expect(await quotaOf(setAll(as, ["5", "6"]))).toEqual(["maxEntries", 5]);
    expect(await usage(as)).toEqual({ entryCount: 4, namespaceCount: 1 });
    await setAll(as, ["4", "5"]);
    expect(await quotaOf(set(server, { namespace: "a", key: "6", value: 1 }, as))).toEqual([
      "maxEntries",
      5,
    ]);
    await set(server, { namespace: "a", key: "5", value: 2 }, as);
    await mutate(server, "deleteEntry", "deleted", { namespace: "a", key: "1" }, as);
    await set(server, { namespace: "a", key: "6", value: 1 }, as);
    const swap = [
      { delete: { namespace: "a", key: "2" } },
      { set: { namespace: "a", key: "7", value: 1 } },
    ];
    await mutate(server, "transact", "revision", { operations: swap }, as);
    await mutate(server, "clearNamespace", "clearedCount", { namespace: "a" }, as);
    await setAll(as, ["1", "2", "3", "4", "5"]);
    // Other users have separate quotas.
    await setAll(await newUser(), ["1"]);
  });

  test("G9: limits the number of namespaces; entries can be added only to existing ones", async () => {
    const as = await newUser();
    for (const namespace of ["a", "b"]) await setAll(as, ["1"], namespace);
    expect(await quotaOf(setAll(as, ["1"], "c"))).toEqual(["maxNamespaces", 2]);
    await setAll(as, ["2"], "b");
    await mutate(server, "deleteEntry", "deleted", { namespace: "a", key: "1" }, as);
    await setAll(as, ["1"], "c");
    const operations = ["d", "e"].map((namespace) => ({ set: { namespace, key: "k", value: 1 } }));
    expect(await quotaOf(mutate(server, "transact", "revision", { operations }, as))).toEqual([
      "maxNamespaces",
      2,
    ]);
  });

  test("G9: limits the bytes; a smaller value can always replace a larger one", async () => {
    const as = await newUser();
    const write = (key: string, length: number) =>
      mutate(
        server,
        "setEntry",
        "revision",
        { namespace: "a", key, value: "x".repeat(length) },
        as,
      );
    await write("1", 600_000);
    expect(await quotaOf(write("2", 600_000))).toEqual(["maxStoredMebibytes", 1]);
    await write("2", 400_000);
    await write("1", 500_000);
    expect(
      await quotaOf(
        mutate(
          server,
          "appendToEntry",
          "revision",
          { namespace: "a", key: "3", value: "x".repeat(200_000) },
          as,
        ),
      ),
    ).toEqual(["maxStoredMebibytes", 1]);
  });

  test("G1: a token without `read` does not learn which quota refuses a write", async () => {
    const userId = `user ${++users}`;
    const full = { token: (await server.createToken({ userId })).secret };
    const blind = { token: (await server.createToken({ userId, scopes: ["write"] })).secret };
    await setAll(full, ["1", "2", "3", "4", "5"]);
    const large = "x".repeat(600_000);
    await set(server, { namespace: "a", key: "1", value: large }, full);
    const refusals = await Promise.all(
      [
        { namespace: "a", key: "6", value: 1 },
        { namespace: "a", key: "2", value: large },
      ].map((input) => refusal(mutate(server, "setEntry", "revision", input, blind))),
    );
    const [first] = refusals;
    expect(first).toMatchObject({ code: "BAD_USER_INPUT" });
    for (const { message, extensions } of refusals) {
      expect({ message, extensions }).toEqual({
        message: first?.message,
        extensions: first?.extensions,
      });
    }
  });

  test("G9: concurrent writes do not exceed a quota together", async () => {
    const as = await newUser();
    const writes = Array.from({ length: 20 }, (_, index) =>
      set(server, { namespace: "a", key: `${index}`, value: 1 }, as).then(
        () => 1,
        () => 0,
      ),
    );
    const done = (await Promise.all(writes)).reduce<number>((sum, one) => sum + one, 0);
    expect([done, await usage(as)]).toEqual([5, { entryCount: 5, namespaceCount: 1 }]);
  });

  test("G9, G12: limits the operations with idempotency keys; repeats, deletes and writes without a key still work", async () => {
    // Only the clock of the allowance.
    vi.useFakeTimers({ toFake: ["performance"] });
    const user = { url: server.url, ...(await newUser()) };
    const one = () => increment(user, { key: "n", idempotencyKey: "1" });
    const two = () =>
      transact(user, {
        operations: [{ set: { key: "a", value: 1 } }, { increment: { key: "n" } }],
        idempotencyKey: "2 and 3",
      });
    const first = [await one(), await two()];
    // Neither leaves a record.
    await refusedWhole(user, () =>
      set(user, { key: "a", value: 2, ifRevision: "9", idempotencyKey: "x" }),
    );
    await claim(user, { keyPrefix: "absent", idempotencyKey: "y" });
    await increment(user, { key: "n", idempotencyKey: "4" });

    const more = (key: string) => increment(user, { key: "n", idempotencyKey: key });
    const refused = await refusedWhole(user, () => more("5"));
    const hours = 3_600_000;
    const limit = { code: "RATE_LIMITED", limit: "maxKeyedWritesPerDay", max: 4 };
    expect(refused).toMatchObject({ ...limit, retryAfterMs: 6 * hours });
    expect([await one(), await two()]).toEqual(first);
    await increment(user, { key: "n" });
    expect((await get(user, "n"))?.value).toBe(4);

    for (const key of ["6", "7", "8", "9"]) await remove(user, { key: "a", idempotencyKey: key });
    const last = await refusedWhole(user, () => remove(user, { key: "n", idempotencyKey: "10" }));
    expect(last).toMatchObject({ ...limit, retryAfterMs: 6 * hours });
    await remove(user, { key: "n" });

    // First the deletes' part is paid back.
    vi.advanceTimersByTime(30 * hours - 1_000);
    const late = await refusedWhole(user, () => more("5"));
    expect(late.retryAfterMs).toBeCloseTo(1_000, -1);
    vi.advanceTimersByTime(late.retryAfterMs + 1);
    expect((await more("5")).entry.value).toBe(1);
  });

  test("G9: concurrent writes do not exceed the allowance of records together", async () => {
    const user = { url: server.url, ...(await newUser()) };
    await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        increment(user, { key: "n", idempotencyKey: `${index}` }),
      ),
    );
    expect([(await get(user, "n"))?.value, await headRevision(user)]).toEqual([4, "4"]);
  });

  test("shows the quotas to the caller", async () => {
    const { viewer } = await query(
      server,
      "{ viewer { limits { maxEntries maxNamespaces maxStoredMebibytes maxKeyedWritesPerDay } } }",
    );
    expect(viewer.limits).toEqual({
      maxEntries: 5,
      maxNamespaces: 2,
      maxStoredMebibytes: 1,
      maxKeyedWritesPerDay: 4,
    });
  });
});
