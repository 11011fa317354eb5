import {
  InMemoryStore,
  InvalidNamespaceError,
  type BaseStore,
  type Item,
} from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BatonStore } from "../../src/langgraph/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "../sdk/sdk-store.ts";

let server: TestServer;
let store: BatonStore;
let created = 0;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(() => {
  store = newStore();
});

function newStore(options = {}) {
  return new BatonStore(storeOf(server), { namespacePrefix: `store-${++created}:`, ...options });
}

const keysOf = (items: readonly Item[]) => items.map(({ key }) => key).sort();

test("an item is put, replaced and deleted, and keeps the time of its creation", async () => {
  const namespace = ["test", "documents"];
  expect(await store.get(namespace, "doc1")).toBeNull();
  await store.put(namespace, "doc1", { title: "Test" });
  const first = await store.get(namespace, "doc1");
  expect(first).toMatchObject({ namespace, key: "doc1", value: { title: "Test" } });
  expect(first?.createdAt).toBeInstanceOf(Date);
  await store.put(namespace, "doc1", { title: "Updated" });
  const second = await store.get(namespace, "doc1");
  expect(second?.value).toEqual({ title: "Updated" });
  expect(second?.createdAt).toEqual(first?.createdAt);
  expect(Number(second?.updatedAt)).toBeGreaterThanOrEqual(Number(first?.updatedAt));
  expect(await store.get(["test", "other"], "doc1")).toBeNull();
  await store.delete(namespace, "doc1");
  expect(await store.get(namespace, "doc1")).toBeNull();
  await store.delete(namespace, "doc1");
});

test("a batch reads the state before it, and writes in one transaction", async () => {
  await store.put(["test", "foo"], "key1", { data: "value1" });
  await store.put(["test", "bar"], "key2", { data: "value2" });
  const results = await store.batch([
    { namespace: ["test", "foo"], key: "key1" },
    { namespace: ["test", "bar"], key: "key2", value: { data: "changed" } },
    { namespacePrefix: ["test"], limit: 5, offset: 0 },
    { namespace: ["test", "bar"], key: "key2" },
    { namespace: ["test"], key: "key3", value: { data: "value3" } },
    { limit: 10, offset: 0, matchConditions: [] },
    { namespace: ["test"], key: "key3" },
    { namespace: ["test"], key: "key3", value: null },
  ] as any);
  expect(results[0]).toMatchObject({ key: "key1", value: { data: "value1" } });
  expect(results[1]).toBeUndefined();
  expect(keysOf(results[2] as any)).toEqual(["key1", "key2"]);
  expect(results[3]).toMatchObject({ value: { data: "value2" } });
  expect(results[5]).toEqual([
    ["test", "bar"],
    ["test", "foo"],
  ]);
  expect(results[6]).toBeNull();
  expect(await store.get(["test", "bar"], "key2")).toMatchObject({ value: { data: "changed" } });
  expect(await store.get(["test"], "key3")).toBeNull();
});

test("G6: a batch with a refused write writes nothing", async () => {
  const large = { text: "x".repeat(2_000_000) };
  const operations = [
    { namespace: ["a"], key: "fits", value: { n: 1 } },
    { namespace: ["a"], key: "large", value: large },
  ];
  await expect(store.batch(operations)).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
    details: { limit: "maxValueBytes" },
  });
  expect(await store.get(["a"], "fits")).toBeNull();
});

test("namespaces are listed by prefix and suffix with wildcards, to a depth, in pages", async () => {
  const namespaces = ["a", "b"].flatMap((one) =>
    ["docs", "images"].flatMap((two) => ["private", "public"].map((three) => [one, two, three])),
  );
  for (const namespace of [...namespaces, ["a"]]) await store.put(namespace, "k", { n: 1 });
  expect(await store.listNamespaces()).toEqual([["a"], ...namespaces]);
  expect(await store.listNamespaces({ prefix: ["a", "docs"] })).toEqual(namespaces.slice(0, 2));
  expect(await store.listNamespaces({ prefix: ["*", "images"] })).toHaveLength(4);
  expect(await store.listNamespaces({ suffix: ["public"] })).toHaveLength(4);
  expect(await store.listNamespaces({ suffix: ["docs", "*"], prefix: ["b"] })).toEqual([
    ["b", "docs", "private"],
    ["b", "docs", "public"],
  ]);
  expect(await store.listNamespaces({ prefix: ["a"], suffix: ["a"] })).toEqual([["a"]]);
  expect(await store.listNamespaces({ suffix: ["store-0", "a"] })).toEqual([]);
  expect(await store.listNamespaces({ maxDepth: 2 })).toEqual([
    ["a"],
    ["a", "docs"],
    ["a", "images"],
    ["b", "docs"],
    ["b", "images"],
  ]);
  expect(await store.listNamespaces({ maxDepth: 2, limit: 2, offset: 1 })).toEqual([
    ["a", "docs"],
    ["a", "images"],
  ]);
  const both = [
    { matchType: "prefix", path: ["*", "docs"] },
    { matchType: "prefix", path: ["a"] },
    { matchType: "suffix", path: ["public"] },
  ];
  const [listed] = await store.batch([{ matchConditions: both, limit: 9, offset: 0 }] as any);
  expect(listed).toEqual([["a", "docs", "public"]]);
  await store.delete(["a"], "k");
  expect(await store.listNamespaces({ maxDepth: 1 })).toEqual([["a"], ["b"]]);
});

test("a search covers a namespace and those below it, and no other with the same beginning", async () => {
  await store.put(["test", "docs"], "doc1", { n: 1 });
  await store.put(["test", "docs", "deep"], "doc2", { n: 2 });
  await store.put(["test", "docs2"], "doc3", { n: 3 });
  expect(keysOf(await store.search(["test", "docs"]))).toEqual(["doc1", "doc2"]);
  expect(keysOf(await store.search([]))).toEqual(["doc1", "doc2", "doc3"]);
  expect(await store.search(["none"])).toEqual([]);
});

test("a search returns 10 items by default, or a page of them", async () => {
  const operations = Array.from({ length: 210 }, (_, n) => ({
    namespace: ["many", String(n % 3)],
    key: `k${n}`,
    value: { n },
  }));
  await store.batch(operations);
  expect(await store.search(["many"])).toHaveLength(10);
  const pages = [0, 100, 200, 300].map((offset) => store.search(["many"], { limit: 100, offset }));
  const items = (await Promise.all(pages)).flat();
  expect(new Set(items.map(({ key }) => key)).size).toBe(210);
  expect(items).toHaveLength(210);
  expect(await store.search(["many"], { limit: 0 })).toEqual([]);
});

test("filters select by equality, by operators and inside of objects", async () => {
  const docs = [
    { title: "JavaScript", level: 1, tags: ["a", "b"], meta: { lang: "en", stars: 5 } },
    { title: "TypeScript", level: 2, tags: [], meta: { lang: "en" } },
    { title: "Python", level: 2.5, meta: { lang: "fr" }, draft: true },
    { title: "none", level: null },
  ];
  for (const doc of docs) await store.put(["docs"], doc.title, doc);
  const found = async (filter: Record<string, unknown>) =>
    keysOf(await store.search(["docs"], { filter }));
  const every = ["JavaScript", "Python", "TypeScript", "none"];
  const cases: [Record<string, unknown>, string[]][] = [
    [{}, every],
    [{ title: "Python" }, ["Python"]],
    [{ level: 2, title: "TypeScript" }, ["TypeScript"]],
    [{ level: null }, ["none"]],
    [{ draft: true }, ["Python"]],
    [{ level: { $eq: 2 } }, ["TypeScript"]],
    [{ level: { $ne: 2 } }, ["JavaScript", "Python", "none"]],
    [{ draft: { $ne: true } }, ["JavaScript", "TypeScript", "none"]],
    [{ level: { $gt: 1, $lt: 2.5 } }, ["TypeScript"]],
    [{ level: { $gte: 2 } }, ["Python", "TypeScript"]],
    [{ level: { $lte: 2 } }, ["JavaScript", "TypeScript"]],
    [{ title: { $gt: "P" } }, ["Python", "TypeScript", "none"]],
    [{ level: { $in: [1, 2.5] } }, ["JavaScript", "Python"]],
    [{ level: { $nin: [1, 2.5] } }, ["TypeScript", "none"]],
    [{ tags: ["a", "b"] }, ["JavaScript"]],
    [{ meta: { lang: "en" } }, ["JavaScript", "TypeScript"]],
    [{ meta: { lang: "en", stars: { $gt: 4 } } }, ["JavaScript"]],
  ];
  for (const [filter, keys] of cases) expect([filter, await found(filter)]).toEqual([filter, keys]);
  const page = await store.search(["docs"], {
    filter: { level: { $in: [1, 2] } },
    offset: 1,
    limit: 5,
  });
  expect(page).toHaveLength(1);
  await expect(store.search(["docs"], { filter: { level: { $near: 1 } } })).rejects.toThrow(
    "$near",
  );
});

test("namespaces and keys can be any strings that LangGraph accepts, and are returned unchanged", async () => {
  const labels = ["a b", "a/b", "%3A", "*", "**", "␛0000", "\ud800", "é😀", "\u007f"];
  for (const label of labels) {
    const namespace = ["n", label];
    for (const key of [...labels, "", "a:b", "a.b", "\0"]) {
      await store.put(namespace, key, { n: 1 });
      expect(await store.get(namespace, key)).toMatchObject({ namespace, key });
    }
    expect(await store.search(namespace, { limit: 99 })).toHaveLength(13);
    if (label !== "*") {
      expect(await store.listNamespaces({ prefix: ["n", label] })).toEqual([namespace]);
    }
  }
  expect((await store.listNamespaces({ suffix: ["*", "*"] })).sort()).toEqual(
    labels.map((label) => ["n", label]).sort(),
  );
});

test("refuses the same input as LangGraph's stores", async () => {
  const memory = new InMemoryStore();
  for (const one of [store as BaseStore, memory as BaseStore]) {
    for (const namespace of [[], [""], ["a.b"], ["a:b"], ["a\0"], ["langgraph", "a"]]) {
      await expect(one.put(namespace, "k", {})).rejects.toThrow(InvalidNamespaceError);
    }
    await expect(one.batch([{ namespace: [], key: "k" }])).rejects.toThrow(InvalidNamespaceError);
    await one.batch([{ namespace: ["langgraph"], key: "k", value: { internal: true } }]);
    expect(await one.get(["langgraph"], "k")).toMatchObject({ value: { internal: true } });
  }
  expect(() => newStore({ namespacePrefix: "store" })).toThrow('"store:"');
});

test("items expire after their time to live, and a read restarts it", async () => {
  const entries = storeOf(server).namespace(`store-${created + 1}:t`);
  const ttl = newStore({ ttl: { defaultTtl: 5, refreshOnRead: true } });
  await ttl.put(["t"], "default", { n: 1 });
  await ttl.put(["t"], "own", { n: 2 }, undefined, { ttl: 1 / 60 });
  await ttl.put(["t"], "forever", { n: 3 }, undefined, { ttl: null });
  const livesFor = async (key: string) => {
    const entry = await entries.entry(key);
    return entry?.expiresAt ? Number(entry.expiresAt) - Number(entry.updatedAt) : null;
  };
  expect([await livesFor("default"), await livesFor("forever")]).toEqual([300_000, null]);
  const before = await entries.entry("default");
  expect((await ttl.get(["t"], "default"))?.value).toEqual({ n: 1 });
  const after = await entries.entry("default");
  expect(Number(after?.expiresAt)).toBeGreaterThan(Number(before?.expiresAt));
  expect(await livesFor("default")).toBe(300_000);
  await ttl.search(["t"], { filter: { n: 1 } });
  expect((await entries.entry("default"))?.revision).not.toBe(after?.revision);
  // An expired entry does not exist from that moment.
  for await (const change of entries.watch({ key: "own", snapshot: true })) {
    if (change.kind === "EXPIRED" || (change.kind === "CAUGHT_UP" && !(await entries.entry("own"))))
      break;
  }
  expect(await ttl.get(["t"], "own")).toBeNull();
  expect(keysOf(await ttl.search(["t"]))).toEqual(["default", "forever"]);
  await ttl.put(["t"], "default", { n: 4 }, undefined, { ttl: null });
  expect(await livesFor("default")).toBeNull();
});

test("a caller without permission to write can read items that expire", async () => {
  const prefix = `store-${created + 1}:`;
  await newStore().put(["t"], "k", { n: 1 }, undefined, { ttl: 5 });
  const { secret } = await server.createToken({ scopes: ["read"] });
  const reader = new BatonStore(storeOf({ url: server.url, token: secret }), {
    namespacePrefix: prefix,
  });
  expect((await reader.get(["t"], "k"))?.value).toEqual({ n: 1 });
  expect(keysOf(await reader.search(["t"]))).toEqual(["k"]);
});

test("a read does not refresh items if refreshOnRead is false", async () => {
  const still = newStore({ ttl: { defaultTtl: 5, refreshOnRead: false } });
  const entries = storeOf(server).namespace(`store-${created}:t`);
  await still.put(["t"], "k", { n: 1 });
  const before = await entries.entry("k");
  await still.get(["t"], "k");
  await still.search(["t"]);
  expect(await entries.entry("k")).toEqual(before);
});
