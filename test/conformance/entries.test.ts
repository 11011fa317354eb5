import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query } from "../client.ts";
import { databases } from "../databases.ts";
import { allPages, clear, get, headRevision, remove, set, setMany } from "../operations.ts";
import type { TestServer } from "../server.ts";

describe.each(databases)("entries on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  describe("returns a value unchanged", () => {
    test.each([
      ["an object, its keys in order", { z: 1, a: { y: [], b: {} } }],
      ["an array", [1, "two", null, [true, false]]],
      ["null", null],
      ["false", false],
      ["zero", 0],
      ["the empty string", ""],
      [
        "numbers at their ends",
        [Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, -1.7976931348623157e308],
      ],
      ["NUL, controls and quotes", '\u0000\u0001\u001f\u007f"\\/\b'],
      ["emoji, combining marks, right-to-left", "👩‍👩‍👧 e\u0301 \u202eabc ｕ 𝕏 \u{10FFFF} \uFFFF"],
      [
        "names of the prototype",
        JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "toString": 3}'),
      ],
    ])("%s", async (name, value) => {
      const { entry } = await set(server, { namespace: "values", key: name, value });
      expect(entry.value).toEqual(value);
      const read = await get(server, name, "values");
      expect(JSON.stringify(read?.value)).toBe(JSON.stringify(value));
    });

    test("a value in the query's text, including names of the prototype", async () => {
      const { setEntry } = await query(
        server,
        `mutation { setEntry(input: { key: "literal", value: { __proto__: { a: 1 }, list: [1, 2.5, "x", null, true], b: {} } }) { entry { value } } }`,
      );
      expect(JSON.stringify(setEntry.entry.value)).toBe(
        '{"__proto__":{"a":1},"list":[1,2.5,"x",null,true],"b":{}}',
      );
    });

    test("a megabyte", async () => {
      const value = "x".repeat(2 ** 20 - 2);
      await set(server, { namespace: "values", key: "megabyte", value });
      expect((await get(server, "megabyte", "values"))?.value).toBe(value);
    });
  });

  test("shows who wrote an entry, when, and at which revision", async () => {
    const first = await set(server, { key: "told", value: 1 }, { agent: "writer" });
    const second = await set(server, { key: "told", value: 2 }, { agent: "Zoë" });
    expect(second.entry).toMatchObject({
      namespace: "default",
      createdBy: "writer",
      updatedBy: "Zoë",
      createdRevision: first.revision,
      revision: second.revision,
      createdAt: first.entry.createdAt,
      sizeBytes: "told".length + "2".length + "{}".length,
    });
    expect(Math.abs(Date.parse(second.entry.updatedAt) - Date.now())).toBeLessThan(60_000);
  });

  test("merges metadata at the top level, and keeps it if none is given", async () => {
    await set(server, { key: "meta", value: 1, metadata: { a: 1, nested: { x: 1 } } });
    await set(server, { key: "meta", value: 2, metadata: { b: null, nested: { y: 2 } } });
    const { entry } = await set(server, { key: "meta", value: 3 });
    expect(entry.metadata).toEqual({ a: 1, b: null, nested: { y: 2 } });
    await remove(server, { key: "meta" });
    expect((await set(server, { key: "meta", value: 4 })).entry.metadata).toEqual({});
  });

  test("delete returns whether an entry existed, and a set after it creates another", async () => {
    const { revision } = await set(server, { key: "gone", value: 1 });
    expect(await remove(server, { key: "gone" })).toEqual({
      deleted: true,
      revision: String(BigInt(revision) + 1n),
    });
    expect(await get(server, "gone")).toBeNull();
    const again = await remove(server, { key: "gone" });
    expect(again).toEqual({ deleted: false, revision: await headRevision(server) });
    const { entry } = await set(server, { key: "gone", value: 2 });
    expect(entry.createdRevision).toBe(entry.revision);
  });

  test("history lists every change of a key, oldest first, including cleared namespaces", async () => {
    await set(server, { namespace: "past", key: "k", value: 1 });
    await set(server, { namespace: "past", key: "k", value: 2 });
    await remove(server, { namespace: "past", key: "k" });
    await set(server, { namespace: "past", key: "other", value: 0 });
    await clear(server, "past");
    await set(server, { namespace: "past", key: "k", value: 3 });
    const history = async (args: string) =>
      (
        await query(
          server,
          `{ entry(namespace: "past", key: "k") { history${args} { nodes { kind revision entry { value } } pageInfo { hasNextPage endCursor } } } }`,
        )
      ).entry.history;
    const { nodes } = await history("");
    expect(nodes.map((node: any) => [node.kind, node.entry?.value])).toEqual([
      ["SET", 1],
      ["SET", 2],
      ["DELETED", undefined],
      ["NAMESPACE_CLEARED", undefined],
      ["SET", 3],
    ]);
    const page = await history("(first: 2)");
    expect(page.pageInfo).toEqual({ hasNextPage: true, endCursor: nodes[1].revision });
    expect((await history(`(after: "${nodes[1].revision}")`)).nodes).toEqual(nodes.slice(2));
  });

  test("clearNamespace empties one namespace, clearNamespaces those with a prefix", async () => {
    for (const namespace of ["c:1", "c:2", "c", "d"]) {
      await setMany(server, namespace, [
        { key: "a", value: 1 },
        { key: "b", value: 2 },
      ]);
    }
    expect((await clear(server, "c")).clearedCount).toBe(2);
    expect((await clear(server, "c")).clearedCount).toBe(0);
    const { clearNamespaces } = await query(
      server,
      `mutation { clearNamespaces(input: { namespacePrefix: "c:" }) { clearedCount namespaces revision } }`,
    );
    expect(clearNamespaces).toEqual({
      clearedCount: 4,
      namespaces: ["c:1", "c:2"],
      revision: await headRevision(server),
    });
    expect(
      await query(
        server,
        `{ c: namespace(name: "c:1") { name } d: namespace(name: "d") { entryCount } }`,
      ),
    ).toEqual({ c: null, d: { entryCount: 2 } });
  });

  test("a namespace exists while it holds an entry, and shows its totals", async () => {
    await set(server, { namespace: "told", key: "a", value: "é" }, { agent: "one" });
    await set(server, { namespace: "told", key: "b", value: 1 }, { agent: "two" });
    await set(server, { namespace: "told", key: "b", value: 2 }, { agent: "three" });
    const { namespace } = await query(
      server,
      `{ namespace(name: "told") { name entryCount sizeBytes updatedAt agents entry(key: "a") { value } entries(keyPrefix: "b") { nodes { key value } } } }`,
    );
    expect(namespace).toMatchObject({
      name: "told",
      entryCount: 2,
      sizeBytes: 1 + 4 + 2 + (1 + 1 + 2),
      agents: ["one", "three", "two"],
      entry: { value: "é" },
      entries: { nodes: [{ key: "b", value: 2 }] },
    });
    await remove(server, { namespace: "told", key: "a" });
    await remove(server, { namespace: "told", key: "b" });
    expect((await query(server, `{ namespace(name: "told") { name } }`)).namespace).toBeNull();
  });

  describe("lists", () => {
    // Sorted by code point, which differs from UTF-16 order: U+FFFF comes before U+1F600.
    const oddKeys = [
      "",
      " ",
      "%",
      "*",
      "A",
      "_",
      "a",
      "a%",
      "a*",
      "a_b",
      "ab",
      "b",
      "é",
      "\uFFFF",
      "😀",
      "\u{10FFFF}",
    ];
    const keys = oddKeys.filter((key) => key !== "");

    beforeAll(async () => {
      await setMany(
        server,
        "odd",
        [...keys].reverse().map((key) => ({ key, value: key })),
      );
      const many = Array.from({ length: 2_500 }, (_, index) => ({
        key: `task:${String(index).padStart(5, "0")}`,
        value: index,
      }));
      for (let at = 0; at < many.length; at += 1_000) {
        await setMany(server, "many", many.slice(at, at + 1_000));
      }
    });

    test.each([1, 2, 500])("are in byte order of their keys, in pages of %i", async (first) => {
      const { items } = await allPages(server, "entries", 'namespace: "odd"', "key value", first);
      expect(items).toEqual(keys.map((key) => ({ key, value: key })));
    });

    test.each(keys)("select the prefix %j, without wildcards", async (prefix) => {
      const { items } = await allPages(
        server,
        "entries",
        `namespace: "odd", keyPrefix: ${JSON.stringify(prefix)}`,
        "key",
        100,
      );
      expect(items.map(({ key }) => key)).toEqual(keys.filter((key) => key.startsWith(prefix)));
    });

    test.each([23, 500])(
      "return thousands of keys to the end in pages of %i, none missed or doubled",
      async (first) => {
        const { items } = await allPages(
          server,
          "entries",
          'namespace: "many"',
          "key value",
          first,
        );
        expect(items.length).toBe(2_500);
        expect(items.map(({ value }) => value)).toEqual(items.map((_, index) => index));
      },
    );

    test("return each of the requested keys once", async () => {
      const { items } = await allPages(
        server,
        "entries",
        'namespace: "odd", keys: ["b", "a", "b", "nothing"]',
        "key",
        500,
      );
      expect(items.map(({ key }) => key)).toEqual(["a", "b"]);
    });

    test("across namespaces are sorted by namespace and then key", async () => {
      for (const namespace of ["x:2", "x:1", "x", "y"]) {
        await setMany(server, namespace, [
          { key: "2", value: 0 },
          { key: "1", value: 0 },
        ]);
      }
      const { items } = await allPages(
        server,
        "entries",
        'namespacePrefix: "x:"',
        "namespace key",
        3,
      );
      expect(items.map(({ namespace, key }) => `${namespace}/${key}`)).toEqual([
        "x:1/1",
        "x:1/2",
        "x:2/1",
        "x:2/2",
      ]);
      const names = await allPages(server, "namespaces", 'prefix: "x"', "name entryCount", 1);
      expect(names.items).toEqual([
        { name: "x", entryCount: 2 },
        { name: "x:1", entryCount: 2 },
        { name: "x:2", entryCount: 2 },
      ]);
      expect(names.pages).toBe(3);
    });

    test("keep their pages if an entry before the cursor is set in between", async () => {
      const page = async (after: string | null) =>
        (
          await query(
            server,
            `query ($after: String) { entries(namespace: "odd", first: 3, after: $after) { nodes { key } pageInfo { endCursor } } }`,
            { after },
          )
        ).entries;
      const first = await page(null);
      await set(server, { namespace: "odd", key: "!", value: 0 });
      const second = await page(first.pageInfo.endCursor);
      await remove(server, { namespace: "odd", key: "!" });
      expect([...first.nodes, ...second.nodes].map(({ key }: any) => key)).toEqual(
        keys.slice(0, 6),
      );
    });
  });
});
