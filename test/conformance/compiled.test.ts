import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request, type Answer } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { set } from "../operations.ts";
import type { TestServer } from "../server.ts";

// An operation with one field is compiled. With a second field, graphql-js executes it. The results must be the same.

const entryArguments = 'namespace: "there", key: "k"';

const selections: [string, string, Record<string, unknown>?][] = [
  ["some fields", `entry(${entryArguments}) { key value revision createdAt expiresAt sizeBytes }`],
  ["an identifier", `entry(${entryArguments}) { id i: id __typename }`],
  ["aliases", `e: entry(${entryArguments}) { k: key r1: revision r2: revision }`],
  ["the name of a type", `entry(${entryArguments}) { __typename key t: __typename }`],
  ["fragments", `entry(${entryArguments}) { ...F ... on Entry { value } ... { metadata } }`],
  ["a field that is selected twice", `entry(${entryArguments}) { key key ...F }`],
  ["a missing entry", 'entry(key: "missing") { key }'],
  ["a missing entry, with an alias", 'gone: entry(key: "missing") { key }'],
  [
    "variables",
    "entry(namespace: $namespace, key: $key) { key }",
    { namespace: "there", key: "k" },
  ],
  ["an omitted variable", "entry(key: $key) { namespace key }", { key: "k" }],
  ["a variable of a wrong type", "entry(key: $key) { key }", { key: 5 }],
  ["a variable that is null", "entry(key: $key) { key }", { key: null }],
  ["an undefined variable", "entry(key: $key) { key }"],
  [
    "a default for an omitted variable",
    "entry(namespace: $place, key: $key) { key }",
    { key: "k" },
  ],
  ["null for a required namespace", 'entry(namespace: $place, key: "k") { key }', { place: null }],
  ["an inherited name", "entry(key: $toString) { key }"],
  [
    "a whole number",
    'awaitEntry(key: "missing", timeoutSeconds: $seconds) { key }',
    { seconds: 0 },
  ],
  [
    "a number that is not whole",
    'awaitEntry(key: "k", timeoutSeconds: $seconds) { key }',
    { seconds: 0.5 },
  ],
  [
    "a number too large",
    'awaitEntry(key: "k", timeoutSeconds: $seconds) { key }',
    { seconds: 2147483648 },
  ],
  ["a revision by a variable", 'awaitEntry(key: "k", after: $after) { key }', { after: "1" }],
  ["a revision as a literal", 'awaitEntry(key: "k", after: "1") { key }'],
  ["a field left out", "entry(key: $key) { key value @skip(if: $is) }", { key: "k", is: true }],
  ["a field kept", "entry(key: $key) { key value @skip(if: $is) }", { key: "k", is: false }],
  ["a fragment left out", `entry(${entryArguments}) { key ...F @include(if: $is) }`, { is: false }],
  ["the whole left out", `entry(${entryArguments}) @skip(if: $is) { key }`, { is: true }],
  ["an argument that is refused", 'entry(key: "") { key }'],
  ["an argument that is too long", `entry(key: "${"x".repeat(1_025)}") { key }`],
  [
    "a field that reads from the store again",
    `entry(${entryArguments}) { key history { nodes { kind } } }`,
  ],
  [
    "a field that reads from the store",
    "viewer { user headRevision scopes limits { maxPageSize } }",
  ],
  ["a list", `entries(namespace: "there") { nodes { key } pageInfo { hasNextPage } }`],
  ["a page that is too large", "entries(first: 501) { pageInfo { hasNextPage } }"],
  ["a namespace", 'namespace(name: "there") { name entryCount agents }'],
];

const mutations: [string, string][] = [
  ["a value", 'setEntry(input: { key: "a", value: { then: 1 } }) { entry { key value } }'],
  ["no entry", 'deleteEntry(input: { key: "missing" }) { deleted }'],
  [
    "a condition that fails",
    'setEntry(input: { key: "a", value: 1, ifRevision: "99" }) { revision }',
  ],
  ["a lost claim", 'renewClaim(input: { key: "a", token: "x" }) { revision }'],
];

describe.each(plainDatabases)("an operation with one field on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
    await set(server, { namespace: "there", key: "k", value: { "2": [1.5, null], a: "ü\u2028" } });
    await set(server, { key: "k", value: null });
  });
  afterAll(() => server.close());

  async function ask(kind: string, selection: string, beside: string, variables = {}) {
    const types = {
      namespace: "String!",
      key: "String!",
      place: "String",
      toString: "String!",
      seconds: "Int",
      after: "Revision",
      is: "Boolean!",
    };
    const declared = Object.entries(types)
      .filter(([name]) => selection.includes(`$${name}`))
      .map(([name, type]) => `$${name}: ${type}${name === "namespace" ? ' = "default"' : ""}`);
    const head = `${kind}${declared.length > 0 ? ` (${declared.join(", ")})` : ""}`;
    const fragment = selection.includes("...F") ? " fragment F on Entry { key updatedBy }" : "";
    const document = `${head} { ${selection} ${beside} }${fragment}`;
    return request(server.url, server.token, document, variables);
  }

  /** The response's part for the one field, at any place in the document. */
  function partOf({ data, errors, status }: Answer & { status: number }, name: string) {
    const own = errors?.filter(({ path }) => path === undefined || path[0] === name);
    const shown = own?.map(({ message, path, extensions }) => ({ message, path, extensions }));
    return { status, errors: shown, data: data && { [name]: data[name] } };
  }

  test.each(selections)("a query of %s", async (_name, selection, variables) => {
    const alone = await ask("query", selection, "", variables);
    const executed = await ask("query", selection, "other: viewer { user }", variables);
    const name = /^\w+/.exec(selection)?.[0] as string;
    expect(partOf(alone, name)).toEqual(partOf(executed, name));
  });

  test.each(mutations)("a mutation of %s", async (_name, selection) => {
    const name = /^\w+/.exec(selection)?.[0] as string;
    const alone = await ask("mutation", selection, "");
    const beside = 'other: deleteEntry(input: { key: "nothing" }) { deleted }';
    const executed = await ask("mutation", selection, beside);
    expect(partOf(alone, name)).toEqual(partOf(executed, name));
  });

  test("G9: checks the complexity, even if the operation was executed before", async () => {
    await using small = await start({ maxQueryComplexity: 150 });
    const pages = "query ($first: Int) { entries(first: $first) { pageInfo { hasNextPage } } }";
    for (const first of [1, 1]) {
      const { data } = await request(small.url, small.token, pages, { first });
      expect(data?.entries.pageInfo).toEqual({ hasNextPage: false });
    }
    const list = "query ($first: Int) { entries(first: $first) { nodes { key } } }";
    for (const [first, isTooComplex] of [
      [10, false],
      [100, true],
      [10, false],
    ] as const) {
      const { errors } = await request(small.url, small.token, list, { first });
      expect(errors?.[0]?.extensions.limit === "maxQueryComplexity").toBe(isTooComplex);
    }
  });
});
