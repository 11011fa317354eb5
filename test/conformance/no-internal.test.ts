import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
} from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../src/schema/schema.ts";
import { plainDatabases } from "../databases.ts";
import { post, RawSocket } from "../raw-client.ts";
import { set } from "../operations.ts";
import type { TestServer } from "../server.ts";

// Goes through the schema and gives each place of each input values that often break programs. No response is INTERNAL.

const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString("base64url");

/** As JSON texts. */
const strings: readonly string[] = [
  '""',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\u007f\\u0085"',
  '"%_\\\\*\'\\""',
  '"/a/~2/b"',
  '"/constructor/__proto__"',
  '"__proto__"',
  `"${"x".repeat(70_000)}"`,
  `"${"é".repeat(600)}"`,
  '"0"',
  '"9223372036854775807"',
  '"9223372036854775808"',
];
const numbers: readonly string[] = [
  "0",
  "-0",
  "-1",
  "1.5",
  "2147483647",
  "-2147483648",
  "2147483648",
  "9007199254740993",
  "1e308",
  "1e400",
  "-1e-400",
];
const structures: readonly string[] = [
  "[null]",
  "[[[]]]",
  '{"__proto__":{"a":1},"then":1,"toJSON":null,"":0}',
  `${"[".repeat(60)}${"]".repeat(60)}`,
];
const cursors: readonly string[] = [
  cursor("a\0", "b\0"),
  cursor("a\0"),
  cursor("a", "b"),
  cursor("\ud800"),
  cursor("9".repeat(30)),
  cursor("9".repeat(18)),
  cursor("1"),
  cursor(1, null),
  cursor("a", "x".repeat(10_000)),
].map((text) => JSON.stringify(text));
/** One of each kind: a type refuses all values of a kind in the same place. */
const kinds: readonly string[] = ["null", "0", '""', "true", "[]", "{}"];

function nastyFor(type: GraphQLInputType, name: string): readonly string[] {
  switch (getNamedType(type).name) {
    case "JSON":
      return [...kinds, ...strings, ...numbers, ...structures];
    case "Int":
    case "Float":
      return [...kinds, ...numbers];
    default:
      return [...kinds, ...strings, ...(name === "after" ? cursors : [])];
  }
}

/** A valid value, as JSON text. */
function sampleOf(type: GraphQLInputType, name: string): string {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return `[${sampleOf(nullable.ofType as GraphQLInputType, name)}]`;
  if (isInputObjectType(nullable)) {
    const fields = Object.values(nullable.getFields());
    const used = nullable.isOneOf ? fields.slice(0, 1) : fields.filter(isNeeded);
    return objectOf(used.map((field) => [field.name, sampleOf(field.type, field.name)]));
  }
  switch (getNamedType(type).name) {
    case "JSON":
      return '{"a":1}';
    case "Int":
    case "Float":
      return "1";
    case "Boolean":
      return "true";
    case "Revision":
      return '"0"';
    default:
      return name === "text" ? '"abc"' : '"k"';
  }
}

function isNeeded({ type, name, defaultValue }: GraphQLArgument | GraphQLInputField): boolean {
  return (
    (isNonNullType(type) && defaultValue === undefined) || name === "value" || name === "patch"
  );
}

function objectOf(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

type Filled = [place: string, text: string];

/**
 * The value with one leaf after the other replaced by a bad value. A field of several inputs is replaced only in the
 * first.
 */
function filled(type: GraphQLInputType, name: string, seen: Set<string>): Filled[] {
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const items = filled(nullable.ofType as GraphQLInputType, name, seen);
    return items.map(([place, text]): Filled => [`${place}[]`, `[${text}]`]);
  }
  if (!isInputObjectType(nullable)) {
    return nastyFor(nullable, name).map((text): Filled => [`${name} = ${text.slice(0, 40)}`, text]);
  }
  const fields = Object.values(nullable.getFields());
  return fields.flatMap((field) => {
    const place = `${nullable.name}.${field.name}`;
    if (seen.has(place)) return [];
    seen.add(place);
    const others = nullable.isOneOf
      ? []
      : fields.filter((other) => other !== field && isNeeded(other));
    const rest = others.map((other) => [other.name, sampleOf(other.type, other.name)] as const);
    return filled(field.type, field.name, seen).map(([place, text]): Filled => [
      `${name}.${place}`,
      objectOf([...rest, [field.name, text]]),
    ]);
  });
}

interface Call {
  readonly place: string;
  readonly body: string;
}

function callsOf(kind: string, fields: readonly GraphQLField<unknown, unknown>[]): Call[] {
  const seen = new Set<string>();
  return fields.flatMap((field) => callsOfField(kind, field, seen));
}

function callsOfField(
  kind: string,
  field: GraphQLField<unknown, unknown>,
  seen: Set<string>,
): Call[] {
  return field.args.flatMap((argument) =>
    filled(argument.type, argument.name, seen).map(([place, text]): Call => {
      const needed = field.args.filter((other) => other !== argument && isNeeded(other));
      // So that it responds immediately.
      const quick = field.args.filter(
        ({ name }) => name === "timeoutSeconds" && argument.name !== name,
      );
      const used = [argument, ...needed, ...quick];
      const values: [string, string][] = [
        [argument.name, text],
        ...needed.map(({ type, name }): [string, string] => [name, sampleOf(type, name)]),
        ...quick.map(({ name }): [string, string] => [name, "0"]),
      ];
      const definitions = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
      const args = used.map(({ name }) => `${name}: $${name}`).join(", ");
      const selection = isLeafType(getNamedType(field.type)) ? "" : "{ __typename }";
      const query = `${kind} (${definitions}) { ${field.name}(${args}) ${selection} }`;
      return {
        place: `${field.name}: ${place}`,
        body: `{"query":${JSON.stringify(query)},"variables":${objectOf(values)}}`,
      };
    }),
  );
}

// Each test sends thousands of requests.
describe("G10: no input is INTERNAL", { timeout: 120_000 }, () => {
  let servers: TestServer[];
  beforeAll(async () => {
    servers = await Promise.all(
      plainDatabases.map(({ start }) => start({ sqliteSynchronous: "normal" })),
    );
    for (const server of servers) await set(server, { key: "k", value: { a: 1 } });
  });
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  /**
   * Sends them concurrently to a server on each database; returns those that a server failed at. An invalid argument is
   * refused before any statement, so it is sent only to the first.
   */
  async function failed(calls: readonly Call[]): Promise<string[]> {
    const found: string[] = [];
    const left = calls.values();
    const sender = async () => {
      for (const { place, body } of left) {
        for (const [index, server] of servers.entries()) {
          const answer = await post(server, body);
          if (!/^\{"(data|errors)"/.test(answer) || answer.includes('"INTERNAL"')) {
            found.push(`${plainDatabases[index]?.name}: ${place}: ${answer.slice(0, 200)}`);
          }
          if (answer.includes('"code":"BAD_USER_INPUT"')) break;
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, sender));
    return found;
  }

  const isQuick = ({ place }: Call) => !place.startsWith("awaitEntry: timeoutSeconds");

  test("queries", async () => {
    const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
    expect(await failed(callsOf("query", fields).filter(isQuick))).toEqual([]);
  });

  test("mutations", async () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(await failed(callsOf("mutation", fields))).toEqual([]);
  });

  test.each(plainDatabases)("subscriptions on $name", async ({ name }) => {
    const server = servers[plainDatabases.findIndex((database) => database.name === name)];
    await using socket = new RawSocket(server as TestServer);
    await socket.take(1, "connection_ack");
    const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
    const found: string[] = [];
    for (const { place, body } of callsOf("subscription", fields)) {
      socket.send(`{"id":"s","type":"subscribe","payload":${body}}`);
      // A subscription sends nothing until something happens, so it is ended when a later query has returned.
      socket.send(
        '{"id":"q","type":"subscribe","payload":{"query":"{ viewer { headRevision } }"}}',
      );
      for (
        let text = "";
        !text.includes('"type":"complete","id":"q"') &&
        !text.includes('"id":"q","type":"complete"');
      ) {
        text = await socket.next();
        if (text.includes('"INTERNAL"')) found.push(`${place}: ${text.slice(0, 200)}`);
      }
      socket.send('{"id":"s","type":"complete"}');
    }
    expect(found).toEqual([]);
  });
});

describe("G10: no document and no request is INTERNAL", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await plainDatabases[0]!.start();
  });
  afterAll(() => server.close());

  const documents: readonly string[] = [
    "",
    " ",
    "#",
    "{",
    "{}",
    "\0",
    "{ __proto__ }",
    "{ constructor { name } }",
    "{ __proto__: viewer { toString: user } }",
    "{ then: viewer { then: user toJSON: user } }",
    "query toString { viewer { user } }",
    "query __proto__ { viewer { ...__proto__ } } fragment __proto__ on Viewer { user }",
    "query ($__proto__: String!) { entry(key: $__proto__) { key } }",
    "query ($a: [[JSON]], $b: Viewer, $c: __Type) { viewer { user } }",
    'query ($a: Int = "x") { viewer { user } }',
    "query ($a: Int = $a) { viewer { user } }",
    "{ entry(key: null) { key } }",
    "{ entry(key: READ) { key } }",
    "{ viewer @skip(if: true) { user } }",
    "{ viewer @skip(if: null) { user } }",
    "{ viewer @skip { user } }",
    "{ ... @include(if: false) { viewer { user } } }",
    'mutation { setEntry(input: { key: "k", value: 1 }) @skip(if: true) { revision } }',
    "subscription { entryChanged @skip(if: true) { kind } }",
    "subscription ($a: Boolean = false) { entryChanged @include(if: $a) { kind } }",
    "subscription { ...F @include(if: false) } fragment F on Subscription { entryChanged { kind } }",
    "subscription { ... @skip(if: true) { entryChanged { kind } } }",
    "subscription { ...F } fragment F on Subscription { ...F }",
    "subscription { __typename }",
    "subscription { a: entryChanged { kind } b: entryChanged { kind } }",
    "subscription { entryChanged }",
    "fragment F on Viewer { user }",
    "type A { b: Int }",
    "extend schema @a { query: Query }",
    "mutation { __typename }",
    '{ __type(name: "\\u0000") { name } }',
    "{ __schema @skip(if: true) { types { name } } }",
    "query A { viewer { user } } query A { viewer { user } }",
    'mutation { setEntry(input: { key: "k", value: { a: $v } }) { revision } }',
    'mutation { setEntry(input: { key: "k", value: READ }) { revision } }',
    'mutation ($v: JSON = { a: READ }) { setEntry(input: { key: "k", value: $v }) { revision } }',
  ];

  test.each(documents)("the document %j", async (query) => {
    const body = JSON.stringify({ query });
    await using socket = new RawSocket(server);
    await socket.take(1, "connection_ack");
    socket.send(`{"id":"1","type":"subscribe","payload":${body}}`);
    const answers = [await post(server, body), await socket.next()];
    for (const accept of ["text/event-stream", "application/graphql-response+json"]) {
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${server.token}`,
          "content-type": "application/json",
          accept,
        },
        body,
      });
      expect(response.status).toBeLessThan(500);
      answers.push(await response.text());
    }
    for (const answer of answers) {
      expect(answer).toMatch(/"data"|"code":/);
      expect(answer).not.toContain("INTERNAL");
    }
  });

  test.each([
    "null",
    "[]",
    "1",
    '"x"',
    "{",
    "",
    '{"query":1}',
    '{"query":null}',
    '{"query":"{ viewer { user } }","variables":[]}',
    '{"query":"{ viewer { user } }","variables":"x"}',
    '{"query":"{ viewer { user } }","variables":{"a":{"b":[1.0]}}}',
    '{"query":"{ viewer { user } }","extensions":[]}',
    '{"query":"{ viewer { user } }","extensions":{"headers":[1],"persistedQuery":1}}',
    '{"query":"{ viewer { user } }","operationName":{}}',
    '{"query":"{ viewer { user } }","operationName":"__proto__"}',
    '{"query":"{ viewer { user } }","operationName":""}',
    '{"__proto__":1,"query":"{ viewer { user } }"}',
    '[{"query":"{ viewer { user } }"}]',
  ])("the body %s", async (body) => {
    const answer = await post(server, body);
    expect(answer).toMatch(/^\{"(data|errors)"/);
    expect(answer).not.toContain("INTERNAL");
  });

  test.each([
    "extensions={",
    "extensions=1",
    "variables={",
    "variables=[",
    "variables=null",
    'variables={"a":"\\ud800"}',
    "operationName=__proto__",
    "operationName=%00",
    "query=%ff",
    "query=%",
    "=",
    "&&",
    "query=",
    "query[]=x",
  ])("the query string %s", async (search) => {
    for (const begin of ["", "query={viewer{user}}&"]) {
      const response = await fetch(`${server.url}/graphql?${begin}${search}`, {
        headers: { authorization: `Bearer ${server.token}`, accept: "application/json" },
      });
      expect(response.status).toBeLessThan(500);
      const answer = await response.text();
      expect(answer).toMatch(/^\{"(data|errors)"/);
      expect(answer).not.toContain("INTERNAL");
    }
  });
});
