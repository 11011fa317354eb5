import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  get,
  headRevision,
  increment,
  mutate,
  refusedWhole,
  set,
  transact,
  wholeLog,
} from "../operations.ts";
import type { TestServer } from "../server.ts";

describe.each(plainDatabases)("transact on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  const after = async (revision: string) =>
    (await wholeLog(server)).filter((change) => BigInt(change.revision) > BigInt(revision));

  test("each operation sees the result of those before it, and results are in their order", async () => {
    const head = await headRevision(server);
    const [namespace, key] = ["steps", "k"];
    const { results, revision } = await transact(server, {
      operations: [
        { set: { namespace, key, value: 1, metadata: { a: 1 } } },
        { increment: { namespace, key, by: 2 } },
        { delete: { namespace, key } },
        { delete: { namespace, key } },
        { patch: { namespace, key, patch: { b: 1 } } },
        { append: { namespace, key: "list", value: 1 } },
        { clear: { namespace } },
        { clear: { namespace } },
        { append: { namespace, key: "list", value: 2, metadata: { c: 1 } } },
        { set: { key: "elsewhere", value: null } },
      ],
    });
    const at = (offset: number) => String(BigInt(head) + BigInt(offset));
    expect(
      results.map(({ entry, deleted, clearedCount }: Record<string, any>) => [
        entry && [entry.namespace, entry.key, entry.value, entry.revision, entry.createdRevision],
        deleted,
        clearedCount,
      ]),
    ).toEqual([
      [[namespace, key, 1, at(1), at(1)], null, null],
      [[namespace, key, 3, at(2), at(1)], null, null],
      [null, true, null],
      [null, false, null],
      [[namespace, key, { b: 1 }, at(4), at(4)], null, null],
      [[namespace, "list", [1], at(5), at(5)], null, null],
      [null, null, 2],
      [null, null, 0],
      [[namespace, "list", [2], at(7), at(7)], null, null],
      [["default", "elsewhere", null, at(8), at(8)], null, null],
    ]);
    expect(revision).toBe(at(8));
    expect((await after(head)).map(({ kind, key: changed }) => [kind, changed])).toEqual([
      ["SET", key],
      ["SET", key],
      ["DELETED", key],
      ["SET", key],
      ["SET", "list"],
      ["NAMESPACE_CLEARED", null],
      ["SET", "list"],
      ["SET", "elsewhere"],
    ]);
    expect(await get(server, key, namespace)).toBeNull();
    expect(await get(server, "list", namespace)).toMatchObject({ value: [2], metadata: { c: 1 } });
  });

  test("G7: conditions on revisions and existence, of written and other keys", async () => {
    const { revision } = await set(server, { key: "there", value: { a: 1 } });
    const conditions = [
      { key: "there", revision },
      { key: "there", exists: true },
      { key: "nowhere", revision: "0" },
      { key: "nowhere", exists: false },
    ];
    await transact(server, { conditions, operations: [{ set: { key: "nowhere", value: 1 } }] });
    const operations = [{ set: { key: "written", value: 1 } }];
    const refused: [object, object][] = [
      [
        { key: "there", revision: "0" },
        { currentRevision: revision, currentValue: { a: 1 } },
      ],
      [{ key: "there", revision: String(BigInt(revision) + 1n) }, { currentRevision: revision }],
      [
        { key: "there", exists: false },
        { currentRevision: revision, currentValue: { a: 1 } },
      ],
      [
        { key: "gone", exists: true },
        { currentRevision: "0", currentValue: null },
      ],
      [
        { key: "gone", revision },
        { currentRevision: "0", currentValue: null, key: "gone" },
      ],
    ];
    for (const [condition, found] of refused) {
      const input = { conditions: [{ key: "there", revision }, condition], operations };
      expect(await refusedWhole(server, () => transact(server, input))).toMatchObject({
        code: "CONFLICT",
        argument: "input.conditions.1",
        namespace: "default",
        ...found,
      });
    }
    expect(await get(server, "written")).toBeNull();
  });

  test("G7: conditions refer to the state before the first operation, ifRevision to the state before its operation", async () => {
    const head = BigInt(await headRevision(server));
    const { results } = await transact(server, {
      conditions: [{ key: "then", revision: "0" }],
      operations: [
        { set: { key: "then", value: 1, ifRevision: "0" } },
        { increment: { key: "then", ifRevision: String(head + 1n) } },
        { delete: { key: "then", ifRevision: String(head + 2n) } },
        { append: { key: "then", value: 1, ifRevision: "0" } },
      ],
    });
    expect(results[3].entry.value).toEqual([1]);
    const extensions = await refusedWhole(server, () =>
      transact(server, {
        operations: [
          { set: { key: "other", value: 1 } },
          { patch: { key: "then", patch: {}, ifRevision: "1" } },
        ],
      }),
    );
    expect(extensions).toMatchObject({
      code: "CONFLICT",
      argument: "input.operations.1.patch.ifRevision",
      currentRevision: String(head + 4n),
      currentValue: [1],
    });
  });

  test("conditions without operations are a check, and no operation at all does nothing", async () => {
    const head = await headRevision(server);
    expect(await transact(server, { operations: [] })).toEqual({ revision: head, results: [] });
    const conditions = [{ key: "unchecked", exists: false }];
    expect(await transact(server, { conditions, operations: [] })).toMatchObject({
      revision: head,
    });
    const wrong = [{ key: "unchecked", exists: true }];
    expect(
      await refusedWhole(server, () => transact(server, { conditions: wrong, operations: [] })),
    ).toMatchObject({ code: "CONFLICT", argument: "input.conditions.0" });
  });

  test.each<[string, object, string]>([
    ["an increment of a text", { increment: { key: "text" } }, "increment"],
    ["an increment inside of a text", { increment: { key: "text", path: "/a" } }, "increment.path"],
    ["an append to a text", { append: { key: "text", value: 1 } }, "append"],
    ["a set without a value", { set: { key: "text" } }, "set.value"],
    ["a patch without one", { patch: { key: "text" } }, "patch.patch"],
    ["a key with a line end", { delete: { key: "a\nb" } }, "delete.key"],
    ["an empty namespace", { clear: { namespace: "" } }, "clear.namespace"],
    ["a negative time", { set: { key: "text", value: 1, ttlSeconds: -1 } }, "set.ttlSeconds"],
    [
      "metadata that is a list",
      { append: { key: "l", value: 1, metadata: [] } },
      "append.metadata",
    ],
  ])(
    "G6 G10: %s refuses all operations, and the error names it",
    async (_name, operation, argument) => {
      await set(server, { key: "text", value: "text" });
      const operations = [{ set: { key: "before", value: 1 } }, operation];
      expect(await refusedWhole(server, () => transact(server, { operations }))).toMatchObject({
        code: "BAD_USER_INPUT",
        argument: `input.operations.1.${argument}`,
      });
      expect(await get(server, "before")).toBeNull();
    },
  );

  test.each<[string, object]>([
    ["an empty operation", {}],
    ["two in one", { set: { key: "a", value: 1 }, delete: { key: "a" } }],
    ["null", { set: null }],
    ["an unknown one", { rename: { key: "a" } }],
  ])("G10: refuses %s", async (_name, operation) => {
    const input = { operations: [operation] };
    expect(await refusedWhole(server, () => transact(server, input))).toMatchObject({
      code: "BAD_USER_INPUT",
    });
    const literal = JSON.stringify(input).replaceAll(/"(\w+)":/g, "$1:");
    const document = `mutation { transact(input: ${literal}) { revision } }`;
    expect(await refusedWhole(server, () => query(server, document))).toMatchObject({
      code: "BAD_USER_INPUT",
    });
  });

  test.each<[string, object]>([
    ["neither", {}],
    ["both", { revision: "0", exists: false }],
    ["nulls", { revision: null, exists: null }],
  ])("G10: refuses a condition that says %s", async (_name, says) => {
    const conditions = [{ key: "k", ...says }];
    expect(
      await refusedWhole(server, () => transact(server, { conditions, operations: [] })),
    ).toEqual({ code: "BAD_USER_INPUT", argument: "input.conditions.0" });
  });

  test("G9: accepts 1,000 operations and conditions, but not 1,001", async () => {
    const many = (count: number) => ({
      conditions: Array.from({ length: count }, (_, at) => ({ key: `many ${at}`, exists: false })),
      operations: Array.from({ length: count }, (_, at) => ({
        set: { key: `many ${at}`, value: at },
      })),
    });
    const [full, over] = [many(1_000), many(1_001)];
    const limit = { code: "LIMIT_EXCEEDED", limit: "maxBatchOperations", max: 1_000 };
    expect(
      await refusedWhole(server, () => transact(server, { operations: over.operations })),
    ).toEqual({ ...limit, argument: "input.operations" });
    expect(
      await refusedWhole(server, () => transact(server, { ...full, conditions: over.conditions })),
    ).toEqual({ ...limit, argument: "input.conditions" });
    const head = BigInt(await headRevision(server));
    const { revision, results } = await transact(server, full);
    expect(revision).toBe(String(head + 1_000n));
    expect(results.map(({ entry }: Record<string, any>) => entry.value)).toEqual(
      Array.from({ length: 1_000 }, (_, at) => at),
    );
  });

  test("G2 G6: the changes of one transaction are consecutive, despite other writers", async () => {
    const head = await headRevision(server);
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const operations = Array.from({ length: 5 }, () => ({
          append: { namespace: "parallel", key: `t${at}`, value: at },
        }));
        await Promise.all([
          transact(server, { operations }),
          increment(server, { namespace: "parallel", key: "alone" }),
        ]);
      }),
    );
    const keys = (await after(head)).map(({ key }) => key);
    expect(keys.length).toBe(120);
    for (let at = 0; at < 20; at++) {
      const first = keys.indexOf(`t${at}`);
      expect(keys.slice(first, first + 5)).toEqual(Array(5).fill(`t${at}`));
    }
  });

  test("G6: transfers between keys keep their sum, and a refused transfer changes nothing", async () => {
    const accounts = ["a", "b", "c"].map((key) => ({ namespace: "sum", key }));
    for (const account of accounts) await set(server, { ...account, value: 5 });
    const moves = Array.from({ length: 30 }, (_, at) => {
      const [from, to] = [accounts[at % 3], accounts[(at + 1) % 3]] as [object, object];
      const operations = [{ increment: { ...from, by: -1 } }, { increment: { ...to, by: 1 } }];
      // Every third transfer is refused at its end.
      if (at % 3 === 2) operations.push({ increment: { ...to, by: 1, ifRevision: "0" } as never });
      return transact(server, { operations }).then(
        () => true,
        () => false,
      );
    });
    expect((await Promise.all(moves)).filter((moved) => moved).length).toBe(20);
    const values = await Promise.all(accounts.map(({ key }) => get(server, key, "sum")));
    expect(values.map((entry) => entry?.value)).toEqual([-5, 5, 15]);
  });

  test("G1: a token limited to namespaces can neither write to nor check any other", async () => {
    const { secret: token } = await server.createToken({ namespacePatterns: ["in:*"] });
    await set(server, { namespace: "out", key: "k", value: "confidential" });
    const inside = { namespace: "in:1", key: "k" };
    const outside = { namespace: "out", key: "k" };
    const write = { set: { ...inside, value: 1 } };
    for (const input of [
      { operations: [write, { set: { ...outside, value: 1 } }] },
      { operations: [write, { increment: outside }] },
      { operations: [write, { patch: { ...outside, patch: {} } }] },
      { operations: [write, { append: { ...outside, value: 1 } }] },
      { operations: [write, { delete: outside }] },
      { operations: [write, { clear: { namespace: "out" } }] },
      { operations: [write], conditions: [{ ...outside, exists: true }] },
      { operations: [], conditions: [{ ...outside, revision: "0" }] },
    ]) {
      const extensions = await refusedWhole(server, () => transact(server, input, { token }));
      expect(extensions).toEqual({ code: "FORBIDDEN", namespace: "out" });
    }
    const conditions = [{ ...inside, exists: false }];
    await transact(server, { operations: [write], conditions }, { token });
  });

  test("G1: a token without the scope read writes, and receives no value", async () => {
    const { secret: token } = await server.createToken({ scopes: ["write"] });
    await set(server, { key: "unread", value: "confidential" });
    const operations = [{ patch: { key: "unread", patch: "mine" } }];
    const input = { conditions: [{ key: "unread", revision: "0" }], operations };
    const send = (fields: string, more: object) =>
      mutate(server, "transact", fields, { ...input, ...more }, { token });
    const conflict = await refusedWhole(server, () => send("revision", {}));
    expect(conflict).toMatchObject({ code: "CONFLICT", argument: "input.conditions.0" });
    expect(conflict).not.toHaveProperty("currentValue");
    expect(
      await refusedWhole(server, () => send("results { deleted }", { conditions: [] })),
    ).toMatchObject({ code: "FORBIDDEN", requiredScope: "read" });
    await send("revision", { conditions: [] });
    expect((await get(server, "unread"))?.value).toBe("mine");
  });
});
