import {
  getNamedType,
  getNullableType,
  isIntrospectionType,
  isListType,
  isObjectType,
  type GraphQLField,
} from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../src/schema/schema.ts";
import { Operations } from "../../src/transport/operations.ts";
import {
  refusal,
  request,
  socketClient,
  subscribeOn,
  subscribeBySse,
  type Answer,
  type Refusal,
} from "../client.ts";
import { headRevision, set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

// Documents that are short, but large when their fragments are expanded. The database plays no part.

/** Fragments, each of which spreads the next one twice. */
function doubled(count: number, on: string, leaf: string): string {
  const fragments = Array.from(
    { length: count },
    (_, at) => `fragment F${at} on ${on} { ...F${at + 1} ...F${at + 1} }`,
  );
  return `${fragments.join(" ")} fragment F${count} on ${on} { ${leaf} }`;
}

const repeat = (count: number, part: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => part(at)).join(" ");

/** The places where fragments can be spread. Each place needs another traversal of the document. */
const places: readonly [root: string, on: string, leaf: string][] = [
  ["{ entries(first: 1) { edges { ...F0 } } }", "EntryEdge", "cursor"],
  ["{ entries(first: 1) { ...F0 } }", "EntryConnection", "nodes { key }"],
  ['{ entry(key: "k") { ...F0 } }', "Entry", "key"],
  ["{ viewer { limits { ...F0 } } }", "Limits", "maxKeyBytes"],
  [
    "{ namespaces(first: 1) { nodes { entries(first: 1) { nodes { ...F0 } } } } }",
    "Entry",
    "value",
  ],
  [
    'mutation { setEntry(input: { key: "written", value: 1 }) { ...F0 } }',
    "SetEntryPayload",
    "entry { key }",
  ],
  [
    'mutation { setEntry(input: { key: "written", value: 1 }) { entry { ...F0 } } }',
    "Entry",
    "key",
  ],
  ["{ ...F0 }", "Query", "viewer { user }"],
  ["{ __schema { ...F0 } }", "__Schema", "description"],
];

describe("G9 G14: documents that are large when expanded", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ maxResponseBytes: 16_000_000 });
    await set(server, { key: "k", value: 1 });
  });
  afterAll(() => server.close());

  const ask = (document: string) => request(server.url, server.token, document);

  describe.each(places)("%s", (root, on, leaf) => {
    test("follows fragments that spread each other twice only once", async () => {
      const begin = performance.now();
      // Expanded, these are about 4,000 selections, fewer than the limit.
      const { data, errors } = await ask(`${root} ${doubled(10, on, leaf)}`);
      expect(errors).toBeUndefined();
      expect(data).toBeTruthy();
      expect(performance.now() - begin).toBeLessThan(2_000);
    });

    test.each([20, 40, 300])(
      "refuses %i of them with LIMIT_EXCEEDED, without delay",
      async (count) => {
        const begin = performance.now();
        const { errors } = await ask(`${root} ${doubled(count, on, leaf)}`);
        expect(errors?.[0]?.extensions).toMatchObject({
          code: "LIMIT_EXCEEDED",
          limit: "maxSelections",
        });
        expect(performance.now() - begin).toBeLessThan(2_000);
      },
    );
  });

  test("refuses those of a subscription, too, on both transports", async () => {
    const document = `subscription ($after: Revision) { entryChanged(after: $after) { entry { ...F0 } } }`;
    const client = socketClient(server.url, { token: server.token });
    const small = `${document} ${doubled(10, "Entry", "key")}`;
    const large = `${document} ${doubled(40, "Entry", "key")}`;
    await using bySocket = subscribeOn(client, small, { after: "0" });
    await using bySse = await subscribeBySse(server, small, { after: "0" });
    for (const events of [bySocket, bySse]) expect((await events.next()).entry.key).toBe("k");
    const refused = await Promise.allSettled([
      subscribeOn(client, large).next(),
      subscribeBySse(server, large).then((events) => events.next()),
    ]);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "LIMIT_EXCEEDED" } });
    }
    await client.dispose();
  });

  test.each<[string, string]>([
    ["one field 3,900 times", `{ viewer { ${repeat(3_900, () => "user")} } }`],
    [
      "one field with arguments 200 times",
      `{ ${repeat(200, () => 'a: entry(key: "k") { key }')} }`,
    ],
    ["inline fragments side by side", `{ viewer { ${repeat(900, () => "... { user }")} } }`],
    [
      "inline fragments in each other",
      `{ viewer { ${"...{ user ".repeat(900)} ${"}".repeat(900)} } }`,
    ],
    [
      "a fragment for each field",
      `{ viewer { ${repeat(400, (at) => `...F${at}`)} } } ${repeat(400, (at) => `fragment F${at} on Viewer { user }`)}`,
    ],
    [
      "a long chain of fragments",
      `{ viewer { ...F0 } } ${repeat(390, (at) => `fragment F${at} on Viewer { user ...F${at + 1} }`)} fragment F390 on Viewer { user }`,
    ],
    [
      "fragments that spread themselves",
      `{ viewer { ...F0 } } ${repeat(300, (at) => `fragment F${at} on Viewer { ...F${(at + 1) % 300} ...F0 }`)}`,
    ],
    [
      "many operations that share fragments",
      `${repeat(250, (at) => `query Q${at} { viewer { ...F0 } }`)} ${repeat(180, (at) => `fragment F${at} on Viewer { user ...F${at + 1} }`)} fragment F180 on Viewer { user }`,
    ],
    ["many operations", repeat(500, (at) => `query Q${at} { viewer { user } }`)],
    ["many directives", `{ viewer { user ${repeat(1_900, (at) => `@d${at}`)} } }`],
    ["many known directives", `{ viewer { user ${repeat(500, () => "@skip(if: true)")} } }`],
    ["many variables", `query (${repeat(700, (at) => `$v${at}: Int`)}) { viewer { user } }`],
    [
      "a deep list",
      `mutation { setEntry(input: { key: "deep", value: ${"[".repeat(1_900)}${"]".repeat(1_900)} }) { revision } }`,
    ],
    [
      "a deep object",
      `mutation { setEntry(input: { key: "deep", value: ${"{a:".repeat(950)}1${"}".repeat(950)} }) { revision } }`,
    ],
    [
      "a wide object with one member many times",
      `mutation { setEntry(input: { key: "wide", value: { ${repeat(1_300, () => "a: 1")} } }) { revision } }`,
    ],
    ["a deep selection", `{ viewer ${"{ user".repeat(1_300)}${"}".repeat(1_300)} }`],
  ])("%s: executed or refused, without delay", async (_name, document) => {
    const begin = process.cpuUsage();
    const { errors } = await ask(document);
    const { user, system } = process.cpuUsage(begin);
    expect((user + system) / 1_000).toBeLessThan(2_000);
    for (const error of errors ?? []) {
      expect(["BAD_USER_INPUT", "LIMIT_EXCEEDED"]).toContain(error.extensions.code);
    }
  });

  test("every field has a cost, and every list of objects declares its size", () => {
    const free: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || isIntrospectionType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        const input = { entries: [], keys: [], operations: [] };
        for (const args of [{ input }, { first: 0 }, { first: -9 }, { first: null }]) {
          const { own, multiplier } = costOf(field, { input, ...args });
          if (!(own >= 1 && multiplier >= 1 && Number.isFinite(multiplier)))
            free.push(`${type.name}.${field.name}`);
        }
      }
    }
    expect(free).toEqual([]);
  });

  describe("G14: fields that read nothing", () => {
    const pattern = (at: number) => `${"n".repeat(200)}${at}:*`;
    const grants = Array.from({ length: 100 }, (_, at) => ({
      scopes: ["READ"],
      namespacePattern: pattern(at),
    }));
    const create =
      "mutation ($grants: [GrantInput!]!) { createToken(input: { grants: $grants }) { secret } }";
    let token: string;
    beforeAll(async () => {
      const { data } = await request(server.url, server.token, create, { grants });
      token = data?.createToken.secret;
    });

    /** Returns the error or the first field on both transports. */
    async function askBoth(document: string) {
      const { data, errors } = await request(server.url, token, document);
      const client = socketClient(server.url, { token });
      const bySocket = await subscribeOn(client, document)
        .next()
        .catch(({ extensions }: Refusal) => ({ extensions }));
      await client.dispose();
      return [errors?.[0] ?? data?.a0, bySocket];
    }
    const nested = (outer: number, inner: number, field: string) =>
      `{ ${repeat(outer, (at) => `a${at}: viewer { ...G }`)} } fragment G on Viewer { ${repeat(inner, (at) => `b${at}: ${field}`)} }`;

    test.each([
      ["maxSelections", nested(300, 200, "grants { namespacePattern scopes }")],
      ["maxSelections", nested(100, 100, "limits { maxKeyBytes }")],
      ["maxSelections", nested(80, 80, "user")],
      ["maxQueryComplexity", nested(40, 40, "grants { namespacePattern scopes }")],
      ["maxQueryComplexity", nested(20, 20, "namespacePatterns")],
      [
        "maxQueryComplexity",
        nested(20, 20, "subscribers { slowest(first: 100) { namespaces { text } } }"),
      ],
      ["maxResponseBytes", nested(20, 20, "grants { a: namespacePattern b: namespacePattern }")],
    ])("refuses many of them with LIMIT_EXCEEDED: %s %#", async (limit, document) => {
      for (const answer of await askBoth(document)) {
        expect(answer).toMatchObject({ extensions: { code: "LIMIT_EXCEEDED", limit } });
      }
    });

    test("returns lists that wait for a turn of the event loop completely", async () => {
      for (const answer of await askBoth(nested(4, 20, "grants { namespacePattern scopes }"))) {
        expect(answer).toMatchObject({ b0: grants, b19: grants });
      }
    });
  });

  test.each([
    ["cursors", "edges { ALIASES }", "cursor"],
    ["page infos", "ALIASES", "pageInfo { hasNextPage }"],
    ["lists of nodes", "ALIASES", "nodes { key }"],
    ["type names", "nodes { ALIASES }", "__typename"],
  ])("counts %s under aliases for each item", async (_name, selection, field) => {
    const aliases = repeat(600, (at) => `a${at}: ${field}`);
    const { errors } = await ask(
      `{ entries(first: 500) { ${selection.replace("ALIASES", aliases)} } }`,
    );
    expect(errors?.[0]?.extensions).toMatchObject({ limit: "maxQueryComplexity" });
  });

  test("counts the response of a batch for each of its items, before anything is written", async () => {
    const aliases = repeat(600, (at) => `a${at}: key`);
    const entries = Array.from({ length: 500 }, (_, at) => ({ key: `batch${at}`, value: 0 }));
    const operations = entries.map((entry) => ({ set: entry }));
    const before = await headRevision(server);
    for (const [mutation, input, shown] of [
      ["setEntries", { entries }, `entries { ${aliases} }`],
      ["transact", { operations }, `results { entry { ${aliases} } }`],
    ] as const) {
      const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
      const document = `mutation ($input: ${type}) { ${mutation}(input: $input) { ${shown} } }`;
      const { errors } = await request(server.url, server.token, document, { input });
      expect(errors?.[0]?.extensions).toMatchObject({ limit: "maxQueryComplexity" });
    }
    expect(await headRevision(server)).toBe(before);
  });

  test("G14: refuses variables with more objects than one turn of the event loop can check, on both transports", async () => {
    const client = socketClient(server.url, { token: server.token });
    const condition = { path: "/a", op: "EQ", value: 1 };
    const where = (count: number) => ({ where: Array.from({ length: count }, () => condition) });
    const document = `query ($where: [ValueCondition!]) { entries(where: $where) { nodes { key } } }`;
    const limit = { code: "LIMIT_EXCEEDED", limit: "maxObjects", max: 6_000 };
    const { errors } = await request(server.url, server.token, document, where(6_001));
    expect(errors?.[0]?.extensions).toMatchObject(limit);
    const { extensions } = await refusal(subscribeOn(client, document, where(6_001)).next());
    expect(extensions).toMatchObject(limit);
    await client.dispose();
  });

  test("G14: refuses variables in more than eight lists, on both transports", async () => {
    const client = socketClient(server.url, { token: server.token });
    const listed = (lists: number) =>
      `query ($a: ${"[".repeat(lists)}Boolean${"]".repeat(lists)}!) { viewer @include(if: $a) { user } }`;
    const variables = { a: true };
    for (const [lists, message] of [
      [8, /used in position expecting type "Boolean!"/],
      [9, /at most 8 nested lists/],
    ] as const) {
      const { errors } = await request(server.url, server.token, listed(lists), variables);
      expect(errors?.[0]?.message).toMatch(message);
      const refused = await refusal(subscribeOn(client, listed(lists), variables).next());
      expect(refused.message).toMatch(message);
    }
    await client.dispose();
  });

  test("G14: does not count the lines of a long document for each error, on both transports", async () => {
    const client = socketClient(server.url, { token: server.token });
    const fields = repeat(2, (at) => `a${at}: entry(key: "") { key }`);
    const invalid = repeat(2, (at) => `a${at}: unknown`);
    for (const part of [fields, invalid]) {
      for (const [lines, located] of [
        [300, [{ line: 300 }, { line: 300 }]],
        [301, [undefined, undefined]],
      ] as const) {
        const document = `{${"\r\n".repeat(lines - 1)}${part} }`;
        const { errors } = await ask(document);
        const sent = await new Promise<unknown>((resolve) => {
          const sink = { next: resolve, error: (errors: unknown) => resolve({ errors }) };
          client.subscribe({ query: document }, { ...sink, complete() {} });
        });
        for (const shown of [errors, (sent as Answer).errors]) {
          const locations = shown?.map((error) => error.locations?.[0]);
          expect(locations).toMatchObject(located);
        }
      }
    }
    await client.dispose();
  });

  test("G14: bounds the sum of the lengths of the documents that it keeps, and not only their number", () => {
    const policy = { allowsIntrospection: true, trustedDocuments: null };
    const operations = new Operations(schema, { maxQueryBytes: 65_536 }, policy);
    const document = (at: number, length: number) => `{ a${at}: viewer { user } }`.padEnd(length);
    const prepare = (at: number, length: number) =>
      operations.prepare(document(at, length), null, "alice");
    for (const [length, kept] of [
      [4_096, 64],
      [100, 500],
    ] as const) {
      const first = prepare(0, length);
      const second = prepare(1, length);
      for (let at = 2; at < kept; at++) prepare(at, length);
      expect(prepare(0, length)).toBe(first);
      prepare(kept, length);
      expect(prepare(0, length)).toBe(first);
      expect(prepare(1, length)).not.toBe(second);
    }
  });

  test("G14: refuses a long text of a type that has only short ones, without repeating it", async () => {
    const variables = { value: "1".repeat(5_000_000) };
    for (const document of [
      `query ($value: EntryOrder!) { entries(orderBy: $value) { nodes { key } } }`,
      `query ($value: Revision!) { changes(after: $value) { nodes { key } } }`,
    ]) {
      const { errors } = await request(server.url, server.token, document, variables);
      expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
      expect(errors?.[0]?.message.length).toBeLessThan(500);
    }
  });

  test("refuses values under many aliases with LIMIT_EXCEEDED, regardless of fragments", async () => {
    await set(server, { key: "large", value: "x".repeat(1_000_000) });
    const each = (part: (name: string) => string) => repeat(600, (at) => part(`v${at}: value`));
    for (const document of [
      `{ entry(key: "large") { ${each((name) => name)} } }`,
      `{ ${repeat(90, (at) => `entry(key: "large") { v${at}: value }`)} }`,
      `{ entry(key: "large") { ...F } } fragment F on Entry { ${each((name) => `... { ${name} }`)} }`,
      `mutation { setEntry(input: { key: "large", value: 1 }) { entry { ${each((name) => name)} } } }`,
    ]) {
      const { errors } = await ask(document);
      expect(errors?.[0]?.extensions).toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: "maxResponseBytes",
      });
    }
    const { data } = await ask('{ entry(key: "large") { a: value b: value metadata } }');
    expect(data?.entry.b.length).toBe(1_000_000);
  });
});

interface Cost {
  readonly field?: number;
  readonly multiplier?: number;
}

function costOf(field: GraphQLField<unknown, unknown>, args: object) {
  const given = field.extensions.complexity as
    | number
    | Cost
    | ((args: object) => number | Cost)
    | undefined;
  const cost = typeof given === "function" ? given(args) : given;
  if (typeof cost === "number") return { own: cost, multiplier: 1 };
  // The items of a list of scalars are not selected individually.
  if (!isObjectType(getNamedType(field.type))) return { own: cost?.field ?? 1, multiplier: 1 };
  const isList = isListType(getNullableType(field.type));
  return { own: cost?.field ?? 1, multiplier: cost?.multiplier ?? (isList ? 0 : 1) };
}
