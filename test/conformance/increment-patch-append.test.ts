import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainDatabases } from "../databases.ts";
import { append, get, increment, patch, set, wholeLog, refusedWhole } from "../operations.ts";
import type { TestServer } from "../server.ts";

/** JSON text, because `__proto__` is not a member in a JavaScript literal. */
const json = (text: string) => JSON.parse(text) as unknown;

/** RFC 7396, Appendix A: the original, the patch, the result. */
const mergePatches: [string, string, string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', "{}"],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', "null", "null"],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
  ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

describe.each(plainDatabases)("increment, patch and append on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  async function expectRefused(call: () => Promise<unknown>, extensions: object): Promise<void> {
    expect(await refusedWhole(server, call)).toMatchObject(extensions);
  }

  describe("increment", () => {
    test("adds 1 or the given number, and starts at 0", async () => {
      const steps = [undefined, 5, -10, 0.5, 0].map((by) => (by === undefined ? {} : { by }));
      const values = [];
      for (const step of steps) {
        values.push((await increment(server, { key: "count", ...step })).entry.value);
      }
      expect(values).toEqual([1, 6, -4, -3.5, -3.5]);
      expect((await get(server, "count"))?.value).toBe(-3.5);
    });

    test("G6: loses none of 60 concurrent increments", async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, () => increment(server, { key: "busy" })),
      );
      const values = answers.map(({ entry }) => entry.value).sort((a, b) => a - b);
      expect(values).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    });

    test.each<[string, unknown, string, unknown]>([
      ["a member", { a: 1, b: 2 }, "/b", { a: 1, b: 3 }],
      ["a member of a member", { a: { b: 1 } }, "/a/b", { a: { b: 2 } }],
      ["a missing member", { a: 1 }, "/b", { a: 1, b: 1 }],
      ["missing objects on the path", {}, "/a/b/c", { a: { b: { c: 1 } } }],
      ["an item", { list: [1, 2] }, "/list/1", { list: [1, 3] }],
      [
        "names with a slash and a tilde",
        { "a/b": { "c~d": 1 } },
        "/a~1b/c~0d",
        json('{"a/b":{"c~d":2}}'),
      ],
      ["~01, which is ~1 and no slash", { "~1": 1 }, "/~01", { "~1": 2 }],
      ["the empty name", { "": 1 }, "/", { "": 2 }],
      ["a name that is a number", { "0": 1 }, "/0", { "0": 2 }],
      ["__proto__", {}, "/__proto__/a", json('{"__proto__":{"a":1}}')],
      ["constructor", {}, "/constructor", json('{"constructor":1}')],
      ["the value itself", 1, "", 2],
    ])("by path: %s", async (name, value, path, expected) => {
      await set(server, { namespace: "paths", key: name, value });
      const { entry } = await increment(server, { namespace: "paths", key: name, path });
      expect(JSON.stringify(entry.value)).toBe(JSON.stringify(expected));
    });

    test("by path creates missing objects, also for a name that is a number", async () => {
      const { entry } = await increment(server, { key: "made", path: "/a/0/b", by: 2 });
      expect(entry).toMatchObject({
        value: { a: { 0: { b: 2 } } },
        createdRevision: entry.revision,
      });
    });

    test.each<[string, unknown, object, string]>([
      ["a text", "1", {}, "input"],
      ["null", null, {}, "input"],
      ["an object without a path", { a: 1 }, {}, "input"],
      ["a member that is a text", { a: "1" }, { path: "/a" }, "input.path"],
      ["a member that is null", { a: null }, { path: "/a" }, "input.path"],
      ["a member of a number", 1, { path: "/a" }, "input.path"],
      ["a member of null", { a: null }, { path: "/a/b" }, "input.path"],
      ["an item after the last", [1], { path: "/1" }, "input.path"],
      ["the item -", [1], { path: "/-" }, "input.path"],
      ["an item 01", [1, 2], { path: "/01" }, "input.path"],
      ["an array's length", [1], { path: "/length" }, "input.path"],
      ["a path without a slash", { a: 1 }, { path: "a" }, "input.path"],
      ["a path that ends in a tilde", { a: 1 }, { path: "/a~" }, "input.path"],
      ["a sum beyond a float", 1.7e308, { by: 1.7e308 }, "input.by"],
      ["a whole number that a float rounds", 1, { by: 2 ** 53 }, "input.by"],
      ["whole floats whose sum a float rounds", 1e300, { by: 1 }, "input.by"],
    ])("refuses %s", async (name, value, more, argument) => {
      await set(server, { namespace: "refused", key: name, value });
      const call = () => increment(server, { namespace: "refused", key: name, ...more });
      await expectRefused(call, { code: "BAD_USER_INPUT", argument });
    });
  });

  describe("patch", () => {
    test.each(mergePatches)("RFC 7396: %s patched by %s is %s", async (before, change, after) => {
      const key = `${before}${change}`.replaceAll("\n", "");
      await set(server, { namespace: "patched", key, value: json(before) });
      const { entry } = await patch(server, { namespace: "patched", key, patch: json(change) });
      expect(entry.value).toEqual(json(after));
      expect(await get(server, key, "patched")).toEqual(entry);
    });

    test("handles names of the prototype like any other member", async () => {
      const key = "prototype";
      await set(server, { key, value: json('{"__proto__":{"a":1,"b":2},"toString":1}') });
      const change = json('{"__proto__":{"a":null,"c":{"__proto__":3}},"toString":null}');
      const { entry } = await patch(server, { key, patch: change });
      expect(JSON.stringify(entry.value)).toBe('{"__proto__":{"b":2,"c":{"__proto__":3}}}');
    });

    test("creates a missing entry, without the members that the patch removes", async () => {
      const { entry } = await patch(server, {
        key: "patch",
        patch: { a: { b: null, c: 1 }, d: null },
      });
      expect(entry).toMatchObject({ value: { a: { c: 1 } }, createdRevision: entry.revision });
    });

    test("refuses an omitted patch, and accepts null", async () => {
      const call = () => patch(server, { key: "patch", patch: undefined });
      await expectRefused(call, { code: "BAD_USER_INPUT", argument: "input.patch" });
      expect((await patch(server, { key: "patch", patch: null })).entry.value).toBeNull();
    });
  });

  describe("append", () => {
    test("creates the array, and adds any value at its end", async () => {
      const items = [1, "two", null, [3], { four: 4 }];
      for (const value of items) await append(server, { key: "list", value });
      expect((await get(server, "list"))?.value).toEqual(items);
    });

    test("G6: loses none of 40 concurrent appends", async () => {
      await Promise.all(
        Array.from({ length: 40 }, (_, value) => append(server, { key: "crowd", value })),
      );
      const value = (await get(server, "crowd"))?.value as number[];
      expect(value.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at));
    });

    test("maxLength keeps the newest items", async () => {
      await set(server, { key: "window", value: [1, 2, 3, 4] });
      const { entry } = await append(server, { key: "window", value: 5, maxLength: 3 });
      expect(entry.value).toEqual([3, 4, 5]);
      const one = await append(server, { key: "window", value: 6, maxLength: 1 });
      expect(one.entry.value).toEqual([6]);
      const wide = await append(server, { key: "window", value: 7, maxLength: 2_147_483_647 });
      expect(wide.entry.value).toEqual([6, 7]);
    });

    test.each<[string, unknown, object, string]>([
      ["an object", {}, { value: 1 }, "input"],
      ["a text", "[]", { value: 1 }, "input"],
      ["null", null, { value: 1 }, "input"],
      ["an array with a maxLength of 0", [], { value: 1, maxLength: 0 }, "input.maxLength"],
      ["a negative length", [], { value: 1, maxLength: -1 }, "input.maxLength"],
      ["no value", [], {}, "input.value"],
    ])("refuses %s", async (name, value, more, argument) => {
      await set(server, { namespace: "unappended", key: name, value });
      const input = { namespace: "unappended", key: name, value: undefined, ...more };
      await expectRefused(() => append(server, input), { code: "BAD_USER_INPUT", argument });
    });
  });

  describe.each<[string, typeof set, object, unknown]>([
    ["increment", increment, {}, 1],
    ["patch", patch as unknown as typeof set, { patch: { a: 1 } }, {}],
    ["append", append, { value: 1 }, []],
  ])("%s, like a set,", (name, write, what, value) => {
    const at = (key: string) =>
      ({ namespace: `like:${name}`, key, ...what }) as Parameters<typeof set>[1];
    const before = (key: string, more: object = {}) =>
      set(server, { namespace: `like:${name}`, key, value, ...more });

    test("is one change, and shows who wrote it, when and at which revision", async () => {
      const created = await before("told", { metadata: { a: 1 } });
      const written = await write(server, at("told"), { agent: "worker" });
      expect(written.entry).toMatchObject({
        createdRevision: created.revision,
        createdBy: null,
        updatedBy: "worker",
        revision: written.revision,
        metadata: { a: 1 },
      });
      expect(await get(server, "told", `like:${name}`)).toEqual(written.entry);
      expect((await wholeLog(server)).at(-1)).toMatchObject({
        kind: "SET",
        agent: "worker",
        revision: written.revision,
        entry: { value: written.entry.value },
      });
    });

    test("G7: accepts ifRevision", async () => {
      const { revision } = await before("if");
      await expectRefused(() => write(server, { ...at("if"), ifRevision: "0" }), {
        code: "CONFLICT",
        currentRevision: revision,
        currentValue: value,
      });
      await expectRefused(() => write(server, { ...at("absent"), ifRevision: "1" }), {
        code: "CONFLICT",
        currentRevision: "0",
        currentValue: null,
      });
      await write(server, { ...at("if"), ifRevision: revision });
      await write(server, { ...at("absent"), ifRevision: "0" });
    });

    test("merges metadata, and keeps it if none is given", async () => {
      await before("meta", { metadata: { a: 1, b: 1 } });
      const { entry } = await write(server, { ...at("meta"), metadata: { b: 2, c: 3 } });
      expect(entry.metadata).toEqual({ a: 1, b: 2, c: 3 });
      expect((await write(server, at("meta"))).entry.metadata).toEqual(entry.metadata);
    });

    test("G8: keeps the expiry, sets it, and removes it with 0", async () => {
      const { entry } = await before("ttl", { ttlSeconds: 1_000 });
      expect((await write(server, at("ttl"))).entry.expiresAt).toBe(entry.expiresAt);
      const later = await write(server, { ...at("ttl"), ttlSeconds: 2_000 });
      const { updatedAt, expiresAt } = later.entry;
      expect(Date.parse(expiresAt) - Date.parse(updatedAt)).toBe(2_000_000);
      const forEver = await write(server, { ...at("ttl"), ttlSeconds: 0 });
      expect(forEver.entry.expiresAt).toBeNull();
      const made = await write(server, { ...at("ttl made"), ttlSeconds: 10 });
      expect(made.entry.expiresAt).not.toBeNull();
      await expectRefused(() => write(server, { ...at("ttl"), ttlSeconds: -1 }), {
        code: "BAD_USER_INPUT",
        argument: "input.ttlSeconds",
      });
    });
  });

  test("G9: applies the limits of a value to the result", async () => {
    await using small = await start({ maxValueBytes: 100, maxValueDepth: 3 });
    const limited = async (call: () => Promise<unknown>, limit: string) =>
      expect(await refusedWhole(small, call)).toMatchObject({ code: "LIMIT_EXCEEDED", limit });
    const text = "x".repeat(60);
    await append(small, { key: "list", value: text });
    await limited(() => append(small, { key: "list", value: text }), "maxValueBytes");
    await append(small, { key: "list", value: text, maxLength: 1 });
    await patch(small, { key: "object", patch: { a: text } });
    await limited(() => patch(small, { key: "object", patch: { b: text } }), "maxValueBytes");
    await limited(() => increment(small, { key: "object", path: `/${text}` }), "maxValueBytes");
    await limited(() => append(small, { key: "deep", value: [[[]]] }), "maxValueDepth");
    await limited(
      () => patch(small, { key: "deep", patch: { a: { b: { c: {} } } } }),
      "maxValueDepth",
    );
    await limited(() => increment(small, { key: "deep", path: "/a/b/c/d" }), "maxValueDepth");
    await increment(small, { key: "deep", path: "/a/b/c" });
  });
});
