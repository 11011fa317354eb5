import {
  buildClientSchema,
  getIntrospectionQuery,
  GraphQLObjectType,
  printSchema,
  type IntrospectionQuery,
} from "graphql";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { schema } from "../../src/schema/schema.ts";
import { request, socketClient, subscribeOn, type Refusal } from "../client.ts";
import { startTestServer, type TestServer } from "../server.ts";

const repeat = (count: number, part: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => part(at)).join(" ");

/** A type and its wrappers. */
const typeRef = (depth: number): string =>
  depth === 0 ? "kind name" : `kind name ofType { ${typeRef(depth - 1)} }`;

/** The parts of the schema that a tool requests, in its own form. */
interface Wanted {
  /** The name of the field `__schema` in the response. */
  readonly schemaAs?: string;
  /** Arguments of `args` and `inputFields`. */
  readonly deprecated?: string;
  /** Further fields of types, directives, and root types. */
  readonly types?: string;
  readonly directives?: string;
  readonly roots?: string;
  readonly fields?: string;
}

function wholeSchema(wanted: Wanted): string {
  const { deprecated = "", types = "", directives = "", roots = "", fields = "" } = wanted;
  const alias = wanted.schemaAs === undefined ? "" : `${wanted.schemaAs}:`;
  const input = `name description defaultValue type { ${typeRef(7)} }`;
  return `query IntrospectionQuery {
    ${alias} __schema {
      queryType { name ${roots} } mutationType { name ${roots} } subscriptionType { name ${roots} }
      types { ...Whole }
      directives { name description locations args${deprecated} { ${input} } ${directives} }
    }
  }
  fragment Whole on __Type {
    kind name description ${types}
    fields(includeDeprecated: true) {
      name description args${deprecated} { ${input} } type { ${typeRef(7)} } isDeprecated deprecationReason ${fields}
    }
    inputFields${deprecated} { ${input} }
    interfaces { ${typeRef(7)} }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ${typeRef(7)} }
  }`;
}

const names = "fields { name }";
const namesWithArgs = "fields { name args { name } }";
const all = "(includeDeprecated: true)";

/**
 * The documents of code generators. For graphql-js, its own function is called. The others have the fields and aliases
 * of the tools' sources or documentation.
 */
const tools: readonly [tool: string, document: string][] = [
  ["graphql-js, as GraphiQL and Relay's tools call it", getIntrospectionQuery()],
  [
    "graphql-js with all options, as graphql-codegen",
    getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    }),
  ],
  [
    "graphql-js with only the types, as ariadne-codegen (graphql-core)",
    getIntrospectionQuery({ descriptions: false }),
  ],
  ["Hasura and genqlient's gqlfetch: the form of 2018", wholeSchema({})],
  [
    "Apollo iOS",
    wholeSchema({ roots: "kind", types: "specifiedByURL", directives: "isRepeatable" }),
  ],
  [
    "Apollo Kotlin: what the server can do",
    `query MetaIntrospectionQuery { __schema { types { name ${namesWithArgs} } } }`,
  ],
  [
    "Apollo Kotlin: what the server can do, in earlier versions",
    `query PreIntrospectionQuery {
      schema: __type(name: "__Schema") { ${names} } type: __type(name: "__Type") { ${namesWithArgs} }
      directive: __type(name: "__Directive") { ${namesWithArgs} } field: __type(name: "__Field") { ${namesWithArgs} }
      inputValue: __type(name: "__InputValue") { ${names} }
    }`,
  ],
  [
    "Apollo Kotlin: the schema",
    wholeSchema({ deprecated: all, types: "specifiedByURL isOneOf", directives: "isRepeatable" }),
  ],
  [
    "StrawberryShake: what the server can do",
    `query IntrospectionQuery { schema: __schema { types { name ${names} } } }`,
  ],
  [
    "StrawberryShake: whether arguments may be deprecated",
    `query IntrospectionQuery { __type(name: "__Field") { ${namesWithArgs} } }`,
  ],
  [
    "StrawberryShake: the schema",
    wholeSchema({ schemaAs: "schema", deprecated: all, directives: "isRepeatable" }),
  ],
  [
    "gql.tada: what the server can do",
    `query IntrospectSupportQuery {
      directive: __type(name: "__Directive") { ${namesWithArgs} } field: __type(name: "__Field") { ${namesWithArgs} }
      type: __type(name: "__Type") { ${names} } inputValue: __type(name: "__InputValue") { ${names} }
    }`,
  ],
  [
    "gql.tada: the schema",
    wholeSchema({ deprecated: all, types: "isOneOf specifiedByURL", directives: "isRepeatable" }),
  ],
  [
    "tools that compare deprecated fields with others",
    wholeSchema({
      deprecated: all,
      types:
        "nonDeprecatedFields: fields { name } nonDeprecatedInputs: inputFields { name } nonDeprecatedValues: enumValues { name }",
      fields: "nonDeprecatedArgs: args { name }",
      directives: "nonDeprecatedArgs: args { name }",
    }),
  ],
];

describe("introspection", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const ask = (document: string, variables = {}) =>
    request(server.url, server.token, document, variables);

  test.each(tools)("%s gets a response", async (_tool, document) => {
    const { data, errors } = await ask(document);
    expect(errors).toBeUndefined();
    const [found] = Object.values(data ?? {});
    expect(found).toBeTruthy();
    if (!found.types?.[0]?.kind) return;
    // The schema that it builds from the response is complete.
    const built = buildClientSchema({ __schema: found } as IntrospectionQuery);
    for (const type of Object.keys(schema.getTypeMap())) {
      expect(built.getType(type), type).toBeDefined();
    }
    expect(printSchema(built)).toContain("type Query");
  });

  const hostile: readonly [string, string][] = [
    [
      "the types many times",
      `{ __schema { ${repeat(200, (at) => `a${at}: types { fields { name description args { name } } }`)} } }`,
    ],
    [
      "the schema many times",
      `{ ${repeat(150, (at) => `a${at}: __schema { types { ...T } }`)} } fragment T on __Type { name description fields { name description } inputFields { name description } }`,
    ],
    [
      "the descriptions many times",
      `{ __schema { types { ${repeat(1_200, (at) => `a${at}: description`)} } } }`,
    ],
    [
      "names of types",
      `{ __schema { types { fields { ${repeat(1_200, (at) => `a${at}: __typename`)} } } } }`,
    ],
    [
      "fields in fragments",
      `{ __schema { types { ...F0 } } } ${repeat(5, (at) => `fragment F${at} on __Type { a${at}: ofType { ...F${at + 1} } ...F${at + 1} }`)} fragment F5 on __Type { ${repeat(70, (at) => `f${at}: fields { name }`)} }`,
    ],
    [
      "a type named by a variable",
      `query ($name: String!) { ${repeat(200, (at) => `a${at}: __type(name: $name) { ...T }`)} }
        fragment T on __Type { fields { name type { ...F ofType { ...F } } } }
        fragment F on __Type { fields { name description args { name description } } }`,
    ],
    [
      "several operations",
      repeat(200, (at) => `query Q${at} { __schema { types { fields { name description } } } }`),
    ],
  ];

  test.each(hostile)("G9 G14: %s is LIMIT_EXCEEDED, without delay", async (_what, document) => {
    const lookUps = vi.spyOn(GraphQLObjectType.prototype, "getFields");
    const { errors } = await ask(document, { name: "Entry" });
    const count = lookUps.mock.calls.length;
    lookUps.mockRestore();
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxIntrospectionBytes",
    });
    // The fields of a response of the largest size, and those that validation looks up.
    expect(count).toBeLessThan(40_000);
  });

  test("G9: it is refused on a socket, too", async () => {
    const client = socketClient(server.url, { token: server.token });
    const [, [, document] = ["", ""]] = hostile;
    const refused = await subscribeOn(client, document)
      .next()
      .catch((error: Refusal) => error);
    expect(refused).toMatchObject({ code: "LIMIT_EXCEEDED" });
    await client.dispose();
  });

  test("a type that does not exist is null", async () => {
    expect((await ask('{ a: __type(name: "Nothing") { name } }')).data).toEqual({ a: null });
    expect(
      (await ask("query ($n: String!) { a: __type(name: $n) { name } }", { n: "Entry" })).data,
    ).toEqual({
      a: { name: "Entry" },
    });
  });
});
