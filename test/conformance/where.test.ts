import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal, subscribe } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { claim, clear, fail, headRevision, mutate, remove, set, setMany } from "../operations.ts";
import { post } from "../raw-client.ts";
import type { TestServer } from "../server.ts";

/** Each is sent as its text, so that no number is rounded. */
const values = {
  absent: `{"b":1}`,
  array: `{"a":[1,{"b":"x"}]}`,
  big: `{"a":9007199254740993}`,
  bigger: `{"a":9007199254740994}`,
  false: `{"a":false}`,
  five: `{"a":5.0}`,
  list: `[1,2,3]`,
  null: `{"a":null}`,
  number: `7`,
  object: `{"a":{"x":1,"y":[2]}}`,
  text: `{"a":"five"}`,
  textual: `{"a":"5"}`,
  "tiny/~": `{"a":-1e-400,"/~":1}`,
};

const all = Object.keys(values);
const but = (...keys: string[]) => all.filter((key) => !keys.includes(key));

const cases: [path: string, op: string, value: string | null, keys: string[]][] = [
  ["/a", "EQ", "5", ["five"]],
  ["/a", "EQ", "5e0", ["five"]],
  ["/a", "EQ", `"5"`, ["textual"]],
  ["/a", "EQ", "null", ["null"]],
  ["/a", "EQ", "false", ["false"]],
  ["/a", "EQ", "9007199254740993", ["big"]],
  ["/a", "EQ", "9007199254740992", []],
  ["/a", "EQ", `{"y":[2.0],"x":1}`, ["object"]],
  ["/a", "EQ", `{"x":1}`, []],
  ["/a", "EQ", `[1,{"b":"\\u0078"}]`, ["array"]],
  ["/a/1/b", "EQ", `"x"`, ["array"]],
  ["/2", "EQ", "3", ["list"]],
  ["/02", "EQ", "3", []],
  ["", "EQ", "7", ["number"]],
  ["/~1~0", "EQ", "1", ["tiny/~"]],
  ["/a", "NE", "5", but("five")],
  ["/a", "NE", "null", but("null")],
  ["/a", "GT", "5", ["big", "bigger"]],
  ["/a", "GT", "9007199254740993", ["bigger"]],
  ["/a", "GTE", "9007199254740993", ["big", "bigger"]],
  ["/a", "LT", "0", ["tiny/~"]],
  ["/a", "LTE", "5", ["five", "tiny/~"]],
  ["/a", "GT", `"5"`, ["text"]],
  ["/a", "LTE", `"5"`, ["textual"]],
  ["/a", "EXISTS", null, but("absent", "list", "number")],
  ["/a", "EXISTS", "true", but("absent", "list", "number")],
  ["/a", "EXISTS", "false", ["absent", "list", "number"]],
  ["", "EXISTS", null, all],
];

/** Sends variables as their text. */
async function asked(server: TestServer, document: string, variables: string) {
  const answer = await post(
    server,
    `{"query":${JSON.stringify(document)},"variables":${variables}}`,
  );
  const { data, errors } = JSON.parse(answer) as Record<string, any>;
  if (errors) throw new Error(JSON.stringify(errors));
  return data as Record<string, any>;
}

const condition = (path: string, op: string, value: string | null) =>
  `{"path":${JSON.stringify(path)},"op":"${op}"${value === null ? "" : `,"value":${value}`}}`;

const arguments_ = "$namespace: String!, $where: [ValueCondition!], $first: Int";
const fields = "nodes { key } pageInfo { hasNextPage endCursor }";
const lists: [name: string, document: string, find: (data: Record<string, any>) => any][] = [
  [
    "entries by their keys",
    `query (${arguments_}, $after: String) {
      entries(namespace: $namespace, where: $where, first: $first, after: $after) { ${fields} } }`,
    ({ entries }) => entries,
  ],
  [
    "entries by their creation",
    `query (${arguments_}, $after: String) {
      entries(namespace: $namespace, where: $where, first: $first, after: $after, orderBy: CREATED_AT_DESC) { ${fields} } }`,
    ({ entries }) => entries,
  ],
  [
    "entries of a namespace",
    `query (${arguments_}, $after: String) {
      namespace(name: $namespace) { entries(where: $where, first: $first, after: $after) { ${fields} } } }`,
    ({ namespace }) => namespace.entries,
  ],
  [
    "changes",
    `query (${arguments_}, $after: Revision) {
      changes(namespace: $namespace, where: $where, first: $first, after: $after) { ${fields} } }`,
    ({ changes }) => changes,
  ],
];

const followed = `subscription ($namespace: String, $where: [ValueCondition!], $after: Revision, $snapshot: Boolean) {
  entryChanged(namespace: $namespace, where: $where, after: $after, snapshot: $snapshot) {
    kind revision namespace key entry { value } } }`;

describe.each(plainDatabases)("a filter by value on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start({ maxExaminedItems: 100 });
    for (const [key, value] of Object.entries(values)) {
      const document = "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }";
      const place = `"namespace":"values","key":${JSON.stringify(key)}`;
      await asked(server, document, `{"input":{${place},"value":${value}}}`);
    }
  });
  afterAll(() => server.close());

  test.each(cases)(
    "G13: %s %s %s has the same result in every list",
    async (path, op, value, keys) => {
      for (const [name, document, find] of lists) {
        for (const first of keys.length < 4 ? [1, 100] : [100]) {
          const found: string[] = [];
          for (let after: string | null = null; ;) {
            const where = `[${condition(path, op, value)}]`;
            const place = `"namespace":"values","first":${first},"after":${JSON.stringify(after)}`;
            const { nodes, pageInfo } = find(
              await asked(server, document, `{${place},"where":${where}}`),
            );
            found.push(...nodes.map(({ key }: any) => key));
            if (!pageInfo.hasNextPage) break;
            after = pageInfo.endCursor;
          }
          expect([name, found.toSorted()]).toEqual([name, keys]);
        }
      }
    },
  );

  test("all conditions must hold, also those of a literal in the document", async () => {
    const { entries } = await query(
      server,
      `{ entries(namespace: "values", where: [{ path: "/a", op: GT, value: -1 }, { path: "/a", op: LT, value: 9007199254740994 }]) {
        nodes { key value } } }`,
    );
    expect(entries.nodes.map(({ key }: any) => key)).toEqual(["big", "five", "tiny/~"]);
  });

  test.each([
    [[{ path: "a", op: "EQ", value: 1 }], "where.0.path"],
    [[{ op: "EQ" }], "where.0.value"],
    [
      [
        { op: "EQ", value: 1 },
        { op: "GT", value: null },
      ],
      "where.1.value",
    ],
    [[{ op: "LT", value: [1] }], "where.0.value"],
    [[{ op: "EXISTS", value: 1 }], "where.0.value"],
  ])("G10: refuses a meaningless condition: %j", async (where, argument) => {
    for (const [, document] of lists) {
      const { extensions } = await refusal(query(server, document, { namespace: "values", where }));
      expect(extensions).toMatchObject({ code: "BAD_USER_INPUT", argument });
    }
  });

  test("G9: limits the number of conditions, and the bytes of each value", async () => {
    const [, document] = lists[0] as (typeof lists)[number];
    const ask = (where: object[]) => refusal(query(server, document, { namespace: "n", where }));
    const many = Array.from({ length: 21 }, () => ({ op: "EXISTS" }));
    expect((await ask(many)).extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxWhereConditions",
    });
    const long = [{ op: "EQ", value: "x".repeat(20_000) }];
    expect((await ask(long)).extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxMetadataBytes",
    });
  });

  test("G14: a page examines a limited number of entries, and the next one continues after them", async () => {
    const entries = Array.from({ length: 250 }, (_, at) => ({
      key: String(at).padStart(3, "0"),
      value: at,
    }));
    await setMany(server, "many", entries);
    const where = [{ op: "EQ", value: 249 }];
    for (const [name, document, find] of lists) {
      const sizes: number[] = [];
      let after: string | null = null;
      do {
        const page = find(await query(server, document, { namespace: "many", where, after }));
        sizes.push(page.nodes.length);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null);
      expect([name, sizes]).toEqual([name, name.includes("creation") ? [1, 0, 0] : [0, 0, 1]]);
    }
    // A list is not read again for each page, so an operation has few of them.
    const aliases = Array.from(
      { length: 30 },
      (_, at) => `p${at}: entries(where: [{ op: EXISTS }]) { nodes { key } }`,
    );
    const { extensions } = await refusal(query(server, `{ ${aliases.join(" ")} }`));
    expect(extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "maxQueryComplexity" });
  });

  test("G4: the events of a subscription, applied in order, are the matching entries", async () => {
    const namespace = "followed";
    const where = [{ path: "/state", op: "EQ", value: "open" }];
    const place = (key: string) => ({ namespace, key });
    const state = (key: string, value: unknown) =>
      set(server, { ...place(key), value: { state: value } });
    const apply = (entries: Map<string, unknown>, { kind, key, entry }: Record<string, any>) => {
      if (kind === "NAMESPACE_CLEARED") entries.clear();
      else if (entry) entries.set(key, entry.value);
      else entries.delete(key);
    };
    await state("a", "open");
    await state("b", "done");
    await using live = subscribe(server, followed, { namespace, where, snapshot: true });
    expect((await live.take(2)).map(({ kind, key }) => [kind, key])).toEqual([
      ["EXISTING", "a"],
      ["CAUGHT_UP", null],
    ]);
    const before = await headRevision(server);
    await state("a", "done");
    await state("b", "open");
    await state("c", "done");
    await state("c", "done");
    await state("d", "open");
    await remove(server, place("b"));
    const steps = [
      ["UNMATCHED", "a"],
      ["SET", "b"],
      ["UNMATCHED", "c"],
      ["SET", "d"],
      ["DELETED", "b"],
    ];
    const events = await live.take(steps.length);
    expect(events.map(({ kind, key }) => [kind, key])).toEqual(steps);
    // A later subscriber, and a reader of the log by pages, see the same.
    await using later = subscribe(server, followed, { namespace, where, after: before });
    expect(await later.take(steps.length)).toEqual(events);
    const log = `query ($namespace: String, $where: [ValueCondition!], $after: Revision) {
      changes(namespace: $namespace, where: $where, after: $after) {
        nodes { kind revision namespace key entry { value } } } }`;
    const { changes } = await query(server, log, { namespace, where, after: before });
    expect(changes.nodes).toEqual(events);
    const kept = new Map<string, unknown>([["a", { state: "open" }]]);
    for (const event of events) apply(kept, event);
    expect([...kept]).toEqual([["d", { state: "open" }]]);
    await clear(server, namespace);
    expect(await later.next()).toMatchObject({ kind: "NAMESPACE_CLEARED" });
  });

  describe("claims", () => {
    const where = [{ path: "/kind", op: "EQ", value: "image" }];
    const task = (kind: string, at: number) => ({
      key: `task:${String(at).padStart(3, "0")}`,
      value: { kind, at },
    });
    const take = (namespace: string, more: object = {}) =>
      mutate(server, "claimEntry", "revision entry { key } claim { token attempt }", {
        namespace,
        where,
        ...more,
      });

    test("G11: grants each worker a different matching entry, in key order", async () => {
      const tasks = Array.from({ length: 80 }, (_, at) => task(at % 2 ? "image" : "text", at));
      await setMany(server, "claims", tasks);
      const others = Array.from({ length: 5 }, () => claim(server, { namespace: "claims" }));
      const claims = await Promise.all(Array.from({ length: 30 }, () => take("claims")));
      const keys = claims.map(({ entry }) => entry.key);
      const plain = (await Promise.all(others)).map(({ entry }) => entry.key);
      expect(new Set([...keys, ...plain]).size).toBe(35);
      const images = tasks.filter(({ value }) => value.kind === "image").map(({ key }) => key);
      const left = images.filter((key) => !plain.includes(key));
      expect(keys.toSorted()).toEqual(left.slice(0, 30));
      for (const key of left.slice(30)) expect((await take("claims")).entry.key).toBe(key);
      expect(await take("claims")).toMatchObject({ entry: null, claim: null });
    });

    test("changed values start to match, or stop matching", async () => {
      await setMany(server, "changing", [task("image", 1), task("text", 2)]);
      await set(server, { namespace: "changing", ...task("text", 1) });
      const nothing = await take("changing");
      expect(nothing).toMatchObject({ entry: null, revision: await headRevision(server) });
      await set(server, { namespace: "changing", ...task("image", 2) });
      expect((await take("changing")).entry.key).toBe("task:002");
    });

    test("dead-letters only matching entries that are exhausted", async () => {
      await setMany(server, "exhausted", [task("text", 1), task("image", 2), task("image", 3)]);
      for (const key of ["task:001", "task:002"]) {
        const { claim: held } = await claim(server, { namespace: "exhausted", keyPrefix: key });
        await fail(server, { namespace: "exhausted", key, token: held.token, delaySeconds: 0 });
      }
      expect((await take("exhausted", { maxAttempts: 1 })).entry.key).toBe("task:003");
      const { deadLetters } = await query(
        server,
        `{ deadLetters(namespace: "exhausted") { nodes { entry { key } } } }`,
      );
      expect(deadLetters.nodes).toEqual([{ entry: { key: "task:002" } }]);
    });

    test("G12: a repeat returns the first result", async () => {
      await setMany(server, "repeated", [task("image", 1), task("image", 2)]);
      const first = await take("repeated", { idempotencyKey: "once" });
      expect(await take("repeated", { idempotencyKey: "once" })).toEqual(first);
      const other = { where: [{ op: "EXISTS" }], idempotencyKey: "once" };
      expect((await refusal(take("repeated", other))).code).toBe("BAD_USER_INPUT");
    });

    test("G14: a claim examines a limited number of free entries", async () => {
      await setMany(
        server,
        "backlog",
        Array.from({ length: 150 }, (_, at) => task("text", at)),
      );
      await set(server, { namespace: "backlog", key: "zz", value: { kind: "image" } });
      const { extensions } = await refusal(take("backlog"));
      expect(extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "maxExaminedItems" });
      expect((await take("backlog", { keyPrefix: "z" })).entry.key).toBe("zz");
    });

    test("G1: a token without the scope read learns nothing about values from a claim", async () => {
      const { secret: token } = await server.createToken({ scopes: ["write"] });
      const document = `mutation ($input: ClaimEntryInput!) { claimEntry(input: $input) { revision } }`;
      const input = { namespace: "claims", where };
      const { extensions } = await refusal(query(server, document, { input }, { token }));
      expect(extensions).toMatchObject({ code: "FORBIDDEN", requiredScope: "read" });
    });
  });
});
