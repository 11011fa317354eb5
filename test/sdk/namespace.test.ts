import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import {
  BadUserInputError,
  ConflictError,
  TimeoutError,
  type DataStore,
  type Entry,
  type Namespace,
  type StoredMembers,
} from "../../src/client/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { collect, storeOf } from "./sdk-store.ts";

interface Jobs {
  raw: string | null;
  meta: { n: number; completed?: number; phase?: string };
  recent: string[];
  [task: `task:${string}`]: { file: string };
}

const circle: Record<string, unknown> = {};
circle.itself = circle;

describe("a namespace of the SDK", () => {
  let server: TestServer;
  let store: DataStore;
  let jobs: Namespace<Jobs>;
  let count = 0;
  beforeAll(async () => {
    server = await startTestServer();
    store = storeOf(server, { agent: "größe 7" });
  });
  afterAll(async () => {
    store.close();
    await server.close();
  });
  beforeEach(() => {
    jobs = store.namespace<Jobs>(`jobs-${++count}`);
  });

  test("get, set and delete: a value, the value null, and a missing value", async () => {
    expect(await jobs.get("raw")).toBeUndefined();
    const revision = await jobs.set("raw", "text");
    expect(await jobs.get("raw")).toBe("text");
    expect(BigInt(await jobs.set("raw", null))).toBeGreaterThan(BigInt(revision));
    expect(await jobs.get("raw")).toBeNull();
    expect([await jobs.delete("raw"), await jobs.delete("raw")]).toEqual([true, false]);
    expect(await jobs.get("raw")).toBeUndefined();
  });

  test("entry: all fields, times as dates, and an agent name with other characters than ASCII", async () => {
    const before = await jobs.set("raw", "one", { metadata: { format: "csv", size: 1 } });
    const revision = await jobs.set("raw", "two", { metadata: { size: 2 }, ttlSeconds: 60 });
    const entry = await jobs.entry("raw");
    expect(entry).toEqual({
      namespace: jobs.name,
      key: "raw",
      value: "two",
      metadata: { format: "csv", size: 2 },
      revision,
      createdRevision: before,
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
      createdBy: "größe 7",
      updatedBy: "größe 7",
      expiresAt: expect.any(Date),
      sizeBytes: expect.any(Number),
    });
    expect(entry!.expiresAt!.getTime() - entry!.updatedAt.getTime()).toBe(60_000);
    await jobs.set("raw", "three");
    expect((await jobs.entry("raw"))?.expiresAt).toBeNull();
    expect(await jobs.entry("meta")).toBeUndefined();
  });

  test("lists: several pages, sorted, by prefix, with unusual keys", async () => {
    const any = store.namespace(jobs.name);
    const values = Object.fromEntries([
      ...Array.from({ length: 230 }, (_, index) => [`k${String(index).padStart(3, "0")}`, index]),
      ["__proto__", "own"],
      ["größe/日本 \u{1F600}", "odd"],
    ]);
    const revisions = await any.setMany(values);
    expect(Object.keys(revisions).toSorted()).toEqual(Object.keys(values).toSorted());
    const keys = await any.keys();
    expect(keys).toEqual(
      Object.keys(values).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    expect(await any.keys({ keyPrefix: "k22" })).toHaveLength(10);
    expect(await any.getAll()).toEqual(values);
    expect(Object.keys(await any.getAll({ keyPrefix: "__" }))).toEqual(["__proto__"]);
    const entries = await collect(any.entries({ keyPrefix: "k1" }));
    expect(entries.map(({ key }) => key)).toEqual(keys.filter((key) => key.startsWith("k1")));
    expect(entries[0]).toMatchObject({ key: "k100", value: 100, revision: revisions["k100"] });
    expect(await any.getMany([...keys, "nowhere"])).toEqual(values);
    expect(await any.getMany([])).toEqual({});
    expect(await any.info()).toMatchObject({ name: jobs.name, entryCount: 232 });
    expect(await any.clear()).toBe(232);
    expect([await any.keys(), await any.info(), await any.clear()]).toEqual([[], undefined, 0]);
  });

  test("G7: ifRevision, and the details of a conflict", async () => {
    const revision = await jobs.set("raw", "mine", { ifRevision: "0" });
    await jobs.set("raw", "mine still", { ifRevision: revision });
    const error = await jobs.set("raw", "late", { ifRevision: revision }).catch((fault) => fault);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({
      code: "CONFLICT",
      namespace: jobs.name,
      key: "raw",
      currentRevision: (await jobs.entry("raw"))?.revision,
      currentValue: "mine still",
    });
    await expect(jobs.delete("raw", { ifRevision: revision })).rejects.toThrow(ConflictError);
    await expect(jobs.set("meta", { n: 1 }, { ifRevision: "7" })).rejects.toMatchObject({
      currentRevision: "0",
      currentValue: null,
    });
  });

  test("G7: update loses no other client's write, and creates a missing entry", async () => {
    const stores = Array.from({ length: 8 }, (_, index) => storeOf(server, { agent: `a${index}` }));
    await Promise.all(
      stores.map(async (one) => {
        const meta = one.namespace<Jobs>(jobs.name);
        for (let index = 0; index < 5; index++) {
          await meta.update("meta", async (value) => ({ ...value, n: (value?.n ?? 0) + 1 }));
        }
      }),
    );
    expect(await jobs.get("meta")).toEqual({ n: 40 });
    expect(
      (await jobs.update("meta", () => ({ n: 1 }), { ttlSeconds: 9 })).expiresAt,
    ).not.toBeNull();
  });

  test("update passes the current entry to its function at each attempt", async () => {
    await jobs.set("meta", { n: 1 }, { metadata: { format: 1 } });
    const formats: unknown[] = [];
    const { metadata } = await jobs.update(
      "meta",
      async (value, entry) => {
        formats.push(entry?.metadata.format);
        if (formats.length === 1) await jobs.set("meta", { n: 2 }, { metadata: { format: 2 } });
        return { n: (value?.n ?? 0) + 10 };
      },
      { metadata: { format: 3 } },
    );
    expect([formats, metadata, await jobs.get("meta")]).toEqual([[1, 2], { format: 3 }, { n: 12 }]);
  });

  test("update stops after its attempts with the conflict, and throws the function's error", async () => {
    let attempts = 0;
    const error = await jobs
      .update(
        "meta",
        async () => {
          await jobs.increment("meta", { path: "/n" });
          return { n: ++attempts };
        },
        { attempts: 3 },
      )
      .catch((fault) => fault);
    expect(error).toBeInstanceOf(ConflictError);
    expect([attempts, await jobs.get("meta")]).toEqual([3, { n: 3 }]);
    const own = new Error("own");
    await expect(jobs.update("meta", () => Promise.reject(own))).rejects.toBe(own);
  });

  test("adds entries under new keys, and deletes several in one step", async () => {
    const events = store.namespace<Record<`event:${string}`, { at: number }>>("events");
    const keys = [];
    for (const at of [1, 2, 3]) {
      const entry = await events.create({ at }, { keyPrefix: "event:", metadata: { n: at } });
      expect(entry).toMatchObject({ value: { at }, metadata: { n: at } });
      keys.push(entry.key);
    }
    expect(await events.keys()).toEqual(keys);
    expect(keys).toEqual(keys.toSorted());
    const [first, second] = keys as [`event:${string}`, `event:${string}`];
    expect(await events.deleteMany([second, "event:none", first])).toEqual([second, first]);
    expect(await events.keys()).toEqual(keys.slice(2));
  });

  test("increment, patch and append return the entry after the change", async () => {
    expect((await jobs.increment("meta", { path: "/n", by: 2 })).value).toEqual({ n: 2 });
    expect((await jobs.increment("meta", { path: "/completed" })).value.completed).toBe(1);
    const patched = await jobs.patch("meta", { phase: "parse", completed: null });
    expect(patched.value).toEqual({ n: 2, phase: "parse" });
    for (const item of ["a", "b", "c"]) await jobs.append("recent", item, { maxLength: 2 });
    expect(await jobs.get("recent")).toEqual(["b", "c"]);
    // @ts-expect-error not a number
    await expect(jobs.increment("recent")).rejects.toThrow(BadUserInputError);
    await expect(
      jobs.append("recent", "d", { ifRevision: patched.revision }),
    ).rejects.toBeInstanceOf(ConflictError);
  });

  test("waitFor: an existing value, a new one, one after a revision, and a timeout", async () => {
    const coming = jobs.waitFor("raw");
    const revision = await jobs.set("raw", "first");
    expect(await coming).toMatchObject({ value: "first", revision });
    expect((await jobs.waitFor("raw", { timeoutMs: 0 })).value).toBe("first");
    const next = jobs.waitFor("raw", { after: revision, timeoutMs: 60_000 });
    await jobs.set("raw", "second");
    expect((await next).value).toBe("second");
    const late = await jobs.waitFor("task:never", { timeoutMs: 0 }).catch((fault) => fault);
    expect(late).toBeInstanceOf(TimeoutError);
    expect(late).toMatchObject({ code: "TIMEOUT" });
    await expect(jobs.waitFor("task:never", { timeoutMs: 50 })).rejects.toThrow(TimeoutError);
  });

  test("waitFor repeats its request if the server allows only shorter waits", async () => {
    await using short = await startTestServer({ maxAwaitSeconds: 1 });
    await using waiting = storeOf(short);
    const coming = waiting.namespace("n").waitFor("late");
    await expect(waiting.namespace("n").waitFor("never", { timeoutMs: 1_100 })).rejects.toThrow(
      TimeoutError,
    );
    await waiting.namespace("n").set("late", 1);
    expect((await coming).value).toBe(1);
  });

  test("history: the changes of a key, each with the entry after it", async () => {
    await jobs.set("raw", "one");
    await jobs.set("raw", "two");
    await jobs.delete("raw");
    const changes = await collect(jobs.history("raw"));
    expect(changes.map(({ kind, entry }) => [kind, entry?.value])).toEqual([
      ["SET", "one"],
      ["SET", "two"],
      ["DELETED", undefined],
    ]);
    expect(changes.map(({ at }) => at)).toEqual(Array(3).fill(expect.any(Date)));
    const newestFirst = await collect(jobs.history("raw", { orderBy: "REVISION_DESC" }));
    expect(newestFirst).toEqual(changes.toReversed());
  });

  test("entries by their creation, newest or oldest first, over several pages", async () => {
    const keys = Array.from({ length: 120 }, (_, index) => `task:${(index * 7) % 120}` as const);
    const task = { file: "f" };
    await jobs.setMany(Object.fromEntries(keys.map((key) => [key, task])));
    await jobs.set(keys[0]!, { file: "again" });
    const listed = async (orderBy: "CREATED_AT_ASC" | "CREATED_AT_DESC") =>
      (await collect(jobs.entries({ keyPrefix: "task:", orderBy }))).map(({ key }) => key);
    expect(await listed("CREATED_AT_ASC")).toEqual(keys);
    expect(await listed("CREATED_AT_DESC")).toEqual(keys.toReversed());
  });

  test("G6: transact writes all or nothing, across namespaces", async () => {
    await jobs.setMany({ raw: "text", meta: { n: 1 } });
    const { results, revision } = await store.transact((t) => {
      const part = t.in(jobs);
      part.require("raw", { exists: true });
      part.require("recent", { revision: "0" });
      part.set("raw", "parsed", { metadata: { by: "t" } });
      part.increment("meta", { path: "/n" });
      part.patch("meta", { phase: "done" });
      part.append("recent", "raw");
      part.delete("task:1");
      t.in(`${jobs.name}-other`).set("any", 1);
      t.in(`${jobs.name}-other`).clear();
    });
    expect(
      results.map(({ entry, deleted, clearedCount }) => entry?.value ?? deleted ?? clearedCount),
    ).toEqual(["parsed", { n: 2 }, { n: 2, phase: "done" }, ["raw"], false, 1, 1]);
    expect(revision).toBe((await store.viewer()).headRevision);
    const refused = store.transact(async (t) => {
      t.in(jobs).set("raw", "never");
      t.in(jobs).require("recent", { exists: false });
    });
    await expect(refused).rejects.toThrow(ConflictError);
    expect(await jobs.get("raw")).toBe("parsed");
    let late = () => {};
    await store.transact((t) => {
      late = () => t.in(jobs).delete("raw");
    });
    expect(late).toThrow(BadUserInputError);
  });

  test("objects of another realm, members of a class and a Date are JSON, too", async () => {
    class Point {
      readonly x = 1;
    }
    const value: unknown = {
      list: runInNewContext("[{ a: 1 }]"),
      point: new Point(),
      at: new Date(0),
      tagged: { [Symbol.toStringTag]: "Tagged", a: 1 },
    };
    await store.namespace(jobs.name).set("k", value);
    expect(await store.namespace(jobs.name).get("k")).toEqual({
      list: [{ a: 1 }],
      point: { x: 1 },
      at: "1970-01-01T00:00:00.000Z",
      tagged: { a: 1 },
    });
  });

  test("entries, changes and claims by their values", async () => {
    const found = store.namespace<Record<string, { state: string; size: number }>>("found");
    await found.setMany({
      a: { state: "open", size: 1 },
      b: { state: "done", size: 2 },
      c: { state: "open", size: 3 },
    });
    const isOpen = { path: "/state", op: "EQ", value: "open" } as const;
    const keysOf = async (list: AsyncIterable<{ key: string | null }>) => {
      const keys: (string | null)[] = [];
      for await (const { key } of list) keys.push(key);
      return keys;
    };
    expect(await keysOf(found.entries({ where: [isOpen] }))).toEqual(["a", "c"]);
    expect(
      await keysOf(found.entries({ where: [isOpen, { path: "/size", op: "GT", value: 1 }] })),
    ).toEqual(["c"]);
    const watched = found.watch({ where: [isOpen], snapshot: true });
    for (let at = 0; at < 3; at++) await watched.next();
    await found.patch("c", { state: "done" });
    expect((await watched.next()).value).toMatchObject({
      kind: "UNMATCHED",
      key: "c",
      entry: null,
    });
    await watched.return();
    expect(await keysOf(found.history("c", { where: [isOpen] }))).toEqual(["c", "c"]);
    const task = await found.claim({
      where: [
        { path: "/size", op: "LTE", value: 2 },
        { path: "/state", op: "NE", value: "open" },
      ],
    });
    expect(task?.key).toBe("b");
    await task?.release();
    expect(() => found.entries({ where: [{ op: "EQ", value: Number.NaN }] })).toThrow("NaN");
  });

  test("entries as of a revision", async () => {
    const past = store.namespace<Record<string, number>>("past");
    const first = await past.set("k", 1);
    await past.setMany({ k: 2, l: 3 });
    expect(await past.get("k", { at: first })).toBe(1);
    expect((await past.entry("k", { at: first }))?.revision).toBe(first);
    expect(await past.get("l", { at: first })).toBeUndefined();
    expect(await past.get("l", { atLeast: first })).toBe(3);
    const entries = [];
    for await (const { key, value } of past.entries({ at: first })) entries.push([key, value]);
    expect(entries).toEqual([["k", 1]]);
    expect(await past.getAll({})).toEqual({ k: 2, l: 3 });
  });

  test("namespaces by their segments, whole or cut", async () => {
    for (const name of ["ann:memories", "ann:notes", "bob:memories"]) {
      await store.namespace(`segments:${name}`).set("k", 1);
    }
    const memories = await store.namespaces({ segments: ["segments", "*", "memories"] });
    expect(memories.map(({ name }) => name)).toEqual([
      "segments:ann:memories",
      "segments:bob:memories",
    ]);
    const cut = await store.namespaces({ namespacePrefix: "segments:", depth: 2 });
    expect(cut).toMatchObject([
      { name: "segments:ann", entryCount: 2 },
      { name: "segments:bob", entryCount: 1 },
    ]);
    const names: string[] = [];
    const listed = store.namespaceNames({ segments: ["segments", "**"], suffix: ["notes"] });
    for await (const name of listed) names.push(name);
    expect(names).toEqual(["segments:ann:notes"]);
  });

  test.each(["float", "exact"] as const)(
    'G13: -0 comes back as -0, with numbers: "%s"',
    async (numbers) => {
      await using own = storeOf(server, { numbers });
      const here = own.namespace(jobs.name);
      const value = { a: -0, list: [0, -0, [-0]], half: -0.5, text: "-0", none: undefined };
      const { a, list, half, text } = value;
      await here.set("set", value, { metadata: { zero: -0 } });
      expect(await here.get("set")).toStrictEqual({ a, list, half, text });
      expect((await here.entry("set"))?.metadata).toStrictEqual({ zero: -0 });
      await here.set("alone", -0);
      expect(await here.get("alone")).toBe(-0);
      await here.patch("alone", { a: -0 });
      expect(await here.get("alone")).toStrictEqual({ a: -0 });
      await store.transact((t) => t.in(here).append("many", -0));
      expect(await here.get("many")).toStrictEqual([-0]);
      const document = `mutation ($value: JSON!, $namespace: String!) {
        setEntry(input: { namespace: $namespace, key: "own", value: $value }) { entry { value } }
      }`;
      const answer = await own.graphql(document, { value: [-0, 0], namespace: here.name });
      expect(answer).toStrictEqual({ setEntry: { entry: { value: [-0, 0] } } });
    },
  );

  test('G13: -0 together with a bigint, with numbers: "exact"', async () => {
    await using exact = storeOf(server, { numbers: "exact" });
    const here = exact.namespace(jobs.name);
    const value = [-0, 2n ** 70n, -(2n ** 70n)];
    await here.set("k", value);
    expect(await here.get("k")).toStrictEqual(value);
    await expect(store.namespace(jobs.name).set("k", value)).rejects.toThrow(BadUserInputError);
    await expect(
      store.graphql("query ($a: JSON) { viewer { user } }", { a: [Number.NaN] }),
    ).rejects.toThrow(/NaN/);
  });

  test("namespaces, and clearing them by prefix", async () => {
    const prefix = `${jobs.name}:`;
    for (const name of ["a", "b"]) await store.namespace(prefix + name).set("k", name);
    expect(await store.namespaces({ namespacePrefix: prefix })).toEqual(
      ["a", "b"].map((name) => ({
        name: prefix + name,
        entryCount: 1,
        sizeBytes: 6,
        updatedAt: expect.any(Date),
        agents: ["größe 7"],
      })),
    );
    expect(await store.clear(prefix)).toBe(2);
    expect(await store.namespaces({ namespacePrefix: prefix })).toEqual([]);
  });

  test("search: entries that contain a text, the latest write first, with the surrounding text", async () => {
    const prefix = `${jobs.name}:`;
    for (let index = 0; index < 45; index++) {
      const value = { title: `Report ${index}`, lines: ["other", "about Größe and more"] };
      await store.namespace(prefix + (index % 3)).set(`r${index}`, value);
    }
    const all = await collect(
      store.search("GRÖSSE".replace("SS", "ß"), { namespacePrefix: prefix }),
    );
    expect(all.map(({ entry }) => entry.key)).toEqual(
      Array.from({ length: 45 }, (_, index) => `r${44 - index}`),
    );
    expect(all[0]).toMatchObject({
      entry: { value: { title: "Report 44" }, updatedAt: expect.any(Date) },
      snippet: "about Größe and more",
      match: { path: "/lines/1", before: "about ", text: "Größe", after: " and more" },
    });
    const first = await collect(store.search("report 4", { namespacePrefix: prefix, limit: 3 }));
    expect(first.map(({ entry }) => entry.key)).toEqual(["r44", "r43", "r42"]);
    await expect(collect(store.search("ab"))).rejects.toThrow(BadUserInputError);
  });

  test("viewer and usage", async () => {
    await jobs.set("raw", "text");
    const viewer = await store.viewer();
    expect(viewer).toMatchObject({
      user: "local",
      agent: "größe 7",
      scopes: ["READ", "WRITE", "CLAIM", "ADMIN"],
      grants: [{ scopes: ["READ", "WRITE", "CLAIM", "ADMIN"], namespacePattern: "*" }],
    });
    expect(viewer.limits).toMatchObject({ maxKeyBytes: 1024, maxBatchOperations: 1000 });
    expect((await store.usage()).entryCount).toBeGreaterThan(0);
  });

  test("a custom GraphQL document", async () => {
    await jobs.set("raw", "text");
    const document = "query ($namespace: String!) { namespace(name: $namespace) { entryCount } }";
    const data = await store.graphql<{ namespace: { entryCount: number } }>(document, {
      namespace: jobs.name,
    });
    expect(data.namespace.entryCount).toBe(1);
    await expect(store.graphql("{ nothing }")).rejects.toThrow(BadUserInputError);
    const subscription = "# all\nsubscription { entryChanged { revision } }";
    await expect(store.graphql(subscription)).rejects.toThrow(/watch/);
  });

  test.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["Infinity inside", { list: [Infinity] }],
    ["a bigint", 1n],
    ["a function", () => {}],
    ["a Map", new Map([["a", 1]])],
    ["a symbol", Symbol("s")],
    ["a Map with a member", Object.assign(new Map([["a", 1]]), { member: 1 })],
    ["a Set", new Set([1])],
    ["a RegExp inside", { pattern: /x/ }],
    ["undefined in a list", { list: [1, undefined] }],
    // eslint-disable-next-line no-sparse-arrays
    ["a list with a gap", [1, , 2]],
    ["an invalid Date inside", { at: new Date(Number.NaN) }],
    ["a toJSON that returns undefined", { toJSON: () => undefined }],
    ["a promise", Promise.resolve(1)],
    ["an error inside", [new Error("not JSON")]],
    ["bytes", new Uint8Array(2)],
    ["an ArrayBuffer", new ArrayBuffer(2)],
    ["a boxed NaN", new Number(Number.NaN)],
    ["undefined", undefined],
    ["a circle", circle],
  ])(
    "G10: a value that JSON cannot represent is refused, not changed: %s",
    async (_what, value) => {
      const any = store.namespace(jobs.name);
      await expect(any.set("k", value)).rejects.toThrow(BadUserInputError);
      await expect(any.setMany({ k: value })).rejects.toThrow(BadUserInputError);
      await expect(store.transact((t) => t.in(any).set("k", value))).rejects.toThrow(
        BadUserInputError,
      );
      expect(await any.get("k")).toBeUndefined();
    },
  );

  test("keys and values have the types of the namespace", () => {
    expectTypeOf(jobs.get<"raw">).returns.resolves.toEqualTypeOf<string | null | undefined>();
    expectTypeOf(jobs.get<"task:1">).returns.resolves.toEqualTypeOf<{ file: string } | undefined>();
    expectTypeOf(jobs.entry<"meta">).returns.resolves.toEqualTypeOf<
      Entry<Jobs["meta"], "meta"> | undefined
    >();
    expectTypeOf(jobs.append<"recent">)
      .parameter(1)
      .toEqualTypeOf<string>();
    expectTypeOf(jobs.getMany<"raw" | "meta">).returns.resolves.toEqualTypeOf<
      Partial<Pick<Jobs, "raw" | "meta">>
    >();
    const byPrefix = () => ({
      claim: jobs.claim({ keyPrefix: "task:" }),
      deeper: jobs.claim({ keyPrefix: "task:0" }),
      entries: jobs.entries({ keyPrefix: "task:" }),
      keys: jobs.keys({ keyPrefix: "ra" }),
      change: jobs.watch({ key: "meta" }).next(),
    });
    type Found = ReturnType<typeof byPrefix>;
    type Claimed = NonNullable<Awaited<Found["claim"]>>;
    expectTypeOf<Claimed["value"]>().toEqualTypeOf<{ file: string }>();
    expectTypeOf<Found["deeper"]>().toEqualTypeOf<Found["claim"]>();
    expectTypeOf<Found["entries"]>().toExtend<AsyncIterable<Entry<{ file: string }>>>();
    expectTypeOf<Awaited<Found["keys"]>>().toEqualTypeOf<"raw"[]>();
    type Watched = Extract<Awaited<Found["change"]>, { done?: false }>["value"];
    expectTypeOf<NonNullable<Watched["entry"]>["value"]>().toEqualTypeOf<Jobs["meta"]>();
    const misuse = () => {
      // @ts-expect-error unknown key
      void jobs.get("nowhere");
      // @ts-expect-error another type
      void jobs.set("meta", "text");
      // @ts-expect-error another type
      void jobs.update("raw", () => 7);
      // @ts-expect-error unknown key
      void jobs.setMany({ raw: "text", typo: 1 });
      void jobs.setMany({ "task:1": { file: "a" } });
      void jobs.setMany(Object.fromEntries([["task:1", { file: "a" }]]));
      // @ts-expect-error unknown key
      void store.transact((t) => t.in(jobs).set("nowhere", 1));
    };
    const generic = <T extends object>(
      namespace: Namespace<T>,
      values: StoredMembers<T, Partial<T>>,
    ) => namespace.setMany(values);
    expectTypeOf(generic<Jobs>).returns.resolves.toHaveProperty("raw");
    expectTypeOf(misuse).returns.toEqualTypeOf<void>();
  });
});
