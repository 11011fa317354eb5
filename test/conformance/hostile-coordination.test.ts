import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  append,
  get,
  headRevision,
  increment,
  mutate,
  patch,
  refusedWhole,
  set,
  setMany,
  transact,
} from "../operations.ts";
import type { TestServer } from "../server.ts";

const mebi = 2 ** 20;

describe.each(plainDatabases)("G9 G10: hostile input to coordination, on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  /** Sends a mutation whose input is JSON text, which the test itself never parses. */
  async function send(mutation: string, input: string) {
    const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
    const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { revision } }`;
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body: `{"query": ${JSON.stringify(document)}, "variables": {"input": ${input}}}`,
    });
    const text = await response.text();
    return { text, extensions: JSON.parse(text).errors?.[0].extensions };
  }

  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

  test.each<[string, string, string, object]>([
    [
      "a number beyond a float",
      "incrementEntry",
      '{"key": "k", "by": 1e999}',
      { argument: "input.by" },
    ],
    ["NaN in a text", "incrementEntry", '{"key": "k", "by": "NaN"}', { argument: "input.by" }],
    ["a number in a text", "incrementEntry", '{"key": "k", "by": "1"}', { argument: "input.by" }],
    ["null to add", "incrementEntry", '{"key": "k", "by": null}', { argument: "input.by" }],
    ["true to add", "incrementEntry", '{"key": "k", "by": true}', { argument: "input.by" }],
    [
      "a path that is a list",
      "incrementEntry",
      '{"key": "k", "path": ["a"]}',
      { argument: "input.path" },
    ],
    [
      "a path with NUL",
      "incrementEntry",
      '{"key": "k", "path": "/\\u0000"}',
      { argument: "input.path" },
    ],
    [
      "a lone surrogate in a path",
      "incrementEntry",
      '{"key": "k", "path": "/\\ud800"}',
      { argument: "input.path" },
    ],
    [
      "a length that is a text",
      "appendToEntry",
      '{"key": "k", "value": 1, "maxLength": "1"}',
      { argument: "input.maxLength" },
    ],
    [
      "a length beyond 32 bits",
      "appendToEntry",
      '{"key": "k", "value": 1, "maxLength": 2147483648}',
      { argument: "input.maxLength" },
    ],
    [
      "an item with a member twice",
      "appendToEntry",
      '{"key": "k", "value": [{"a": 1, "a": 2}]}',
      { argument: "input.value" },
    ],
    [
      "a patch with a lone surrogate",
      "patchEntry",
      '{"key": "k", "patch": {"a": "\\ud800"}}',
      { argument: "input.patch" },
    ],
    ["invalid operations", "transact", '{"operations": null}', { argument: "input.operations" }],
    [
      "a token that is a number",
      "renewClaim",
      '{"key": "k", "token": 5}',
      { argument: "input.token" },
    ],
    [
      "a prefix with NUL",
      "claimEntry",
      '{"keyPrefix": "\\u0000"}',
      { argument: "input.keyPrefix" },
    ],
    [
      "a lone surrogate as a prefix",
      "claimEntry",
      '{"keyPrefix": "\\udc00"}',
      { argument: "input.keyPrefix" },
    ],
    [
      "an idempotency key that is a number",
      "claimEntry",
      '{"idempotencyKey": 1}',
      { argument: "input.idempotencyKey" },
    ],
  ])("%s is BAD_USER_INPUT", async (_name, mutation, input, extensions) => {
    const head = await headRevision(server);
    expect((await send(mutation, input)).extensions).toEqual({
      code: "BAD_USER_INPUT",
      ...extensions,
    });
    expect(await headRevision(server)).toBe(head);
  });

  test.each<[string, string, string, string]>([
    [
      "a pointer of 64 KiB",
      "incrementEntry",
      `{"key": "k", "path": "${"/a".repeat(32 * 1024)}"}`,
      "maxKeyBytes",
    ],
    [
      "a pointer of 500 members",
      "incrementEntry",
      `{"key": "k", "path": "${"/a".repeat(500)}"}`,
      "maxValueDepth",
    ],
    [
      "a patch of 100,000 levels",
      "patchEntry",
      `{"key": "k", "patch": ${deep(100_000)}}`,
      "maxValueDepth",
    ],
    [
      "an item of 100,000 levels",
      "appendToEntry",
      `{"key": "k", "value": ${deep(100_000)}}`,
      "maxValueDepth",
    ],
    [
      "a result of 100,000 levels",
      "completeClaim",
      `{"key": "k", "token": "t", "value": ${deep(100_000)}}`,
      "maxValueDepth",
    ],
    [
      "metadata of 100,000 levels",
      "incrementEntry",
      `{"key": "k", "metadata": ${deep(100_000)}}`,
      "maxValueDepth",
    ],
    [
      "such a patch in a transaction",
      "transact",
      `{"operations": [{"patch": {"key": "k", "patch": ${deep(100_000)}}}]}`,
      "maxValueDepth",
    ],
    [
      "an idempotency key of a megabyte",
      "claimEntry",
      `{"idempotencyKey": "${"x".repeat(mebi)}"}`,
      "maxKeyBytes",
    ],
    ["a prefix of a megabyte", "claimEntry", `{"keyPrefix": "${"x".repeat(mebi)}"}`, "maxKeyBytes"],
    [
      "100,000 operations",
      "transact",
      `{"operations": [${Array(100_000).fill('{"increment": {"key": "k"}}').join()}]}`,
      "maxObjects",
    ],
    [
      "2,000 operations",
      "transact",
      `{"operations": [${Array(2_000).fill('{"increment": {"key": "k"}}').join()}]}`,
      "maxBatchOperations",
    ],
  ])("%s: LIMIT_EXCEEDED, with a short message", async (_name, mutation, input, limit) => {
    const head = await headRevision(server);
    const { text, extensions } = await send(mutation, input);
    expect(extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit });
    expect(text.length).toBeLessThan(1_000);
    expect(await headRevision(server)).toBe(head);
  });

  test("messages name the limit and the argument", async () => {
    const path = (await refusal(increment(server, { key: "k", path: "x".repeat(2_000) }))).message;
    expect(path).toContain("A path can have at most 1024 bytes");
    const idempotencyKey = "x".repeat(2_000);
    const { message } = await refusal(increment(server, { key: "k", idempotencyKey }));
    expect(message).toContain("An idempotency key can have at most 1024 bytes");
  });

  test("keeps names of every kind apart", async () => {
    const odd = [
      "é",
      "e\u0301",
      "👩‍👩‍👧",
      "\u202eabc",
      "\uFFFF",
      "\u{10FFFF}",
      "'; --",
      "%",
      "$1",
      "{}",
      "__proto__",
      "then",
    ];
    const namespace = "odd";
    await transact(server, {
      operations: odd.flatMap((name, by) => [
        { increment: { namespace, key: name, by } },
        { increment: { namespace, key: "object", path: `/${name}`, by } },
        { append: { namespace, key: "list", value: { [name]: name } } },
      ]),
    });
    for (const [by, name] of odd.entries()) {
      expect((await get(server, name, namespace))?.value).toBe(by);
    }
    const object = (await get(server, "object", namespace))?.value as object;
    expect(Object.entries(object)).toEqual(odd.map((name, by) => [name, by]));
    expect((await get(server, "list", namespace))?.value.length).toBe(odd.length);
  });

  test("limits small writes of a large value by the bytes that they write", async () => {
    const namespace = "large";
    await set(server, { namespace, key: "k", value: { n: 0, text: "x".repeat(mebi - 100) } });
    const operations = Array.from({ length: 100 }, () => ({
      increment: { namespace, key: "k", path: "/n" },
    }));
    expect(
      await refusedWhole(server, () => mutate(server, "transact", "revision", { operations })),
    ).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxResponseBytes",
      argument: "input.operations.64.increment",
    });
    // More than one transaction writes: all are written, in several transactions.
    const head = BigInt(await headRevision(server));
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        mutate(server, "incrementEntry", "revision", { namespace, key: "k", path: "/n" }),
      ),
    );
    const revisions = answers.map(({ revision }) => BigInt(revision)).sort((a, b) => Number(a - b));
    expect(revisions.at(-1)).toBe(head + 12n);
    expect((await get(server, "k", namespace))?.value.n).toBe(12);
  });

  test("limits the bytes of rewritten large entries before they are loaded; conditions on them are not limited", async () => {
    await using small = await start({ maxResponseBytes: 1_000_000 });
    const namespace = "large";
    const keys = Array.from({ length: 70 }, (_, index) => `k${index}`);
    const value = { text: "x".repeat(20_000) };
    await setMany(
      small,
      namespace,
      keys.slice(0, 40).map((key) => ({ key, value })),
    );
    await setMany(
      small,
      namespace,
      keys.slice(40).map((key) => ({ key, value })),
    );
    const operations = keys.map((key) => ({ patch: { namespace, key, patch: { seen: true } } }));
    const extensions = await refusedWhole(small, () => transact(small, { operations }));
    expect(extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "maxResponseBytes" });

    // A repeat does not load the entries, so they can have grown beyond the limit (G12).
    const half = { operations: operations.slice(0, 35), idempotencyKey: "half" };
    const first = await transact(small, half);
    const grown = keys.slice(0, 35).map((key) => ({ key, value: "x".repeat(40_000) }));
    await setMany(small, namespace, grown.slice(0, 20));
    await setMany(small, namespace, grown.slice(20));
    expect(await transact(small, half)).toEqual(first);
    await refusedWhole(small, () => transact(small, { ...half, idempotencyKey: "new" }));

    const conditions = keys.map((key) => ({ namespace, key, exists: true }));
    await transact(small, { conditions, operations: [] });
    conditions.push({ namespace, key: "k57", exists: false });
    expect(
      await refusedWhole(small, () => transact(small, { conditions, operations: [] })),
    ).toMatchObject({
      code: "CONFLICT",
      argument: "input.conditions.70",
      currentValue: value,
    });
  });

  test("limits the responses of all writes of one operation together", async () => {
    await using small = await start({ maxResponseBytes: 1_000_000 });
    await set(small, { key: "k", value: { n: 0, text: "x".repeat(300_000) } });
    const increments = Array.from(
      { length: 8 },
      (_, index) =>
        `a${index}: incrementEntry(input: { key: "k", path: "/n" }) { entry { value } }`,
    );
    const refused = await refusal(query(small, `mutation { ${increments.join(" ")} }`));
    expect(refused.extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxResponseBytes",
    });
    expect((await get(small, "k"))?.value.n).toBe(4);
  });

  test("refuses an item that a full list cannot hold, and accepts one that fits", async () => {
    await using small = await start({ maxValueBytes: 1_000 });
    const fill = () => append(small, { key: "full", value: "x".repeat(97) });
    for (let count = 0; count < 9; count++) await fill();
    const extensions = await refusedWhole(small, fill);
    expect(extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxValueBytes",
      max: 1_000,
    });
    await patch(small, { key: "full", patch: [] });
    await fill();
  });
});
