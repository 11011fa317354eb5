import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { allPages, headRevision, mutate, set, setMany, transact, wholeLog } from "../operations.ts";
import type { TestServer } from "../server.ts";

const digits = (revision: string | bigint) => String(revision).padStart(19, "0");

describe.each(plainDatabases)("createEntry on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  const create = (input: object) =>
    mutate(
      server,
      "createEntry",
      "revision entry { key value metadata revision createdRevision expiresAt }",
      input,
    );
  const keysOf = async (namespace: string) =>
    (await allPages(server, "entries", `namespace: "${namespace}"`, "key value", 100)).items;

  test("forms the key from the prefix and the revision of the change", async () => {
    const { entry, revision } = await create({
      namespace: "one",
      keyPrefix: "event:",
      value: null,
      metadata: { by: "a" },
      ttlSeconds: 60,
    });
    expect(entry).toMatchObject({
      value: null,
      metadata: { by: "a" },
      revision,
      createdRevision: revision,
    });
    expect(entry.key).toBe(`event:${digits(revision)}`);
    expect(entry.expiresAt).not.toBeNull();
    expect((await create({ namespace: "one", value: 1 })).entry.key).toMatch(/^\d{19}$/);
  });

  test("G2: keys of many writers sort in commit order, and none replaces another", async () => {
    const created = await Promise.all(
      Array.from({ length: 60 }, (_, value) =>
        create({ namespace: "many", keyPrefix: "e:", value }),
      ),
    );
    const byRevision = created
      .map(({ entry }) => entry)
      .toSorted((a, b) => Number(BigInt(a.revision) - BigInt(b.revision)));
    expect((await keysOf("many")).map(({ key }) => key)).toEqual(byRevision.map(({ key }) => key));
    const log = (await wholeLog(server)).filter(({ namespace }) => namespace === "many");
    expect(log.map(({ key }) => key)).toEqual(byRevision.map(({ key }) => key));
  });

  test("does not replace an existing key, whether it has expired or not", async () => {
    const head = BigInt(await headRevision(server));
    // These keys belong to changes head + 1 to head + 4, which are in the future.
    const ahead = [6n, 7n].map((more) => ({ key: digits(head + more), value: "copied" }));
    await setMany(server, "copied", ahead);
    await setMany(server, "copied", [
      { key: `${digits(head + 7n)}-2`, value: "copied" },
      { key: "other", value: 0 },
    ]);
    await set(server, { namespace: "elsewhere", key: "k", value: 1 });
    const keys = [];
    for (let value = 0; value < 3; value++) {
      keys.push((await create({ namespace: "copied", value })).entry.key);
    }
    expect(keys).toEqual([`${digits(head + 6n)}-2`, `${digits(head + 7n)}-3`, digits(head + 8n)]);
    const { entryCount } = (await query(server, `{ namespace(name: "copied") { entryCount } }`))
      .namespace;
    expect(entryCount).toBe((await keysOf("copied")).length);
    expect(entryCount).toBe(7);
  });

  test("G12: a repeat returns the same key, and writes nothing", async () => {
    const input = { namespace: "once", value: { a: 1.5 }, idempotencyKey: "create-once" };
    expect(await create(input)).toEqual(await create(input));
    expect(await keysOf("once")).toHaveLength(1);
  });

  test("G9: limits the prefix, so that the revision fits", async () => {
    const long = await refusal(
      create({ namespace: "one", keyPrefix: "x".repeat(1_001), value: 1 }),
    );
    expect(long.extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxKeyBytes",
      argument: "input.keyPrefix",
    });
    await create({ namespace: "one", keyPrefix: "x".repeat(1_000), value: 1 });
    expect((await refusal(create({ namespace: "one" }))).extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      argument: "input.value",
    });
  });
});

describe.each(plainDatabases)("deleteEntries on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start({ maxBatchOperations: 100 });
  });
  afterAll(() => server.close());

  const remove = (namespace: string, keys: string[], more: object = {}) =>
    mutate(server, "deleteEntries", "deletedCount deletedKeys revision", {
      namespace,
      keys,
      ...more,
    });

  test("G6: deletes the keys that hold entries in one step, each as a change", async () => {
    await setMany(
      server,
      "n",
      ["a", "b", "c", "d"].map((key) => ({ key, value: key })),
    );
    const before = BigInt(await headRevision(server));
    const answer = await remove("n", ["c", "missing", "a", "c"]);
    expect(answer).toEqual({
      deletedCount: 2,
      deletedKeys: ["c", "a"],
      revision: String(before + 2n),
    });
    const log = (await wholeLog(server)).slice(-2);
    expect(log.map(({ kind, key }) => [kind, key])).toEqual([
      ["DELETED", "c"],
      ["DELETED", "a"],
    ]);
    const { items } = await allPages(server, "entries", `namespace: "n"`, "key", 10);
    expect(items.map(({ key }) => key)).toEqual(["b", "d"]);
    expect(await remove("n", ["a"])).toMatchObject({ deletedCount: 0, deletedKeys: [] });
  });

  test("G10: refuses all keys if one is invalid", async () => {
    await transact(server, { operations: [{ set: { namespace: "r", key: "a", value: 1 } }] });
    const { extensions } = await refusal(remove("r", ["a", "b\u0000"]));
    expect(extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "input.keys.1" });
    expect((await refusal(remove("r", []))).extensions).toMatchObject({ argument: "input.keys" });
    const many = Array.from({ length: 101 }, (_, at) => `k${at}`);
    expect((await refusal(remove("r", many))).extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxBatchOperations",
    });
    expect(
      (await query(server, `{ entry(namespace: "r", key: "a") { value } }`)).entry,
    ).not.toBeNull();
  });
});
