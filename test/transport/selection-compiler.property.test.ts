import fc from "fast-check";
import { execute, parse, validate, type OperationDefinitionNode } from "graphql";
import { describe, expect, test } from "vitest";
import type { FeedEvent } from "../../src/feed/feed-event.ts";
import { schema } from "../../src/schema/schema.ts";
import type { Entry } from "../../src/store/model/entry.ts";
import { SelectionCompiler } from "../../src/transport/selection-compiler.ts";
import { writeResult } from "../../src/transport/write-result.ts";

const at = new Date("2026-01-31T12:00:00.123Z");
const entry: Entry = {
  namespace: "a",
  key: 'quoted " key',
  value: '{"then":1,"list":[1,2.5,null,"é😀"],"b":{"c":{}}}',
  metadata: '{"by":"test"}',
  revision: 7n,
  createdRevision: 3n,
  createdAt: at,
  updatedAt: at,
  createdBy: null,
  updatedBy: "agent",
  expiresAt: null,
  sizeBytes: 60,
};
const change = { revision: 9n, namespace: "a", agent: "agent", at };
const events: readonly FeedEvent[] = [
  { ...change, kind: "SET", key: entry.key, entry },
  {
    ...change,
    kind: "SET",
    key: "null",
    agent: null,
    entry: { ...entry, value: "null", expiresAt: at },
  },
  { ...change, kind: "DELETED", key: "k", entry: null },
  { ...change, kind: "EXPIRED", key: "k", entry: null },
  { ...change, kind: "NAMESPACE_CLEARED", key: null, entry: null },
  { kind: "EXISTING", entry },
  { kind: "CAUGHT_UP", revision: 2n ** 63n - 1n, epoch: "e1" },
  { kind: "BOOKMARK", revision: 2n ** 63n - 1n, epoch: "e1" },
];

const entryFields = [
  "namespace",
  "key",
  "value",
  "metadata",
  "revision",
  "createdRevision",
  "createdAt",
  "updatedAt",
  "createdBy",
  "updatedBy",
  "expiresAt",
  "sizeBytes",
  "__typename",
];
const changeFields = ["kind", "revision", "namespace", "key", "agent", "at", "__typename"];

const directive = fc.constantFrom(
  "",
  "",
  "",
  " @include(if: $yes)",
  " @skip(if: $yes)",
  " @include(if: $no)",
);

function selectionOf(
  type: string,
  names: readonly string[],
  deeper: fc.Arbitrary<string> | null,
): fc.Arbitrary<string> {
  // Each field has its own alias, so that fields can be merged.
  const field = fc
    .record({ name: fc.constantFrom(...names), isAliased: fc.boolean(), directive })
    .map(({ name, isAliased, directive: when }) =>
      isAliased ? `a_${name}: ${name}${when}` : `${name}${when}`,
    );
  const nested = deeper?.map((inner) => `entry { ${inner} }`);
  const one = nested ? fc.oneof({ weight: 3, arbitrary: field }, nested) : field;
  const wrapped = fc.oneof(
    { weight: 4, arbitrary: one },
    one.map((inner) => `... on ${type} { ${inner} }`),
    fc.tuple(one, directive).map(([inner, when]) => `...${when} { ${inner} }`),
  );
  return fc
    .array(wrapped, { minLength: 1, maxLength: 8 })
    .map((fields) => ["__typename", ...fields].join(" "));
}

const entrySelection = selectionOf("Entry", entryFields, null);
const changeSelection = selectionOf("EntryChange", changeFields, entrySelection);

function operationIn(document: ReturnType<typeof parse>): OperationDefinitionNode {
  return document.definitions[0] as OperationDefinitionNode;
}

function compile(text: string, variables: Record<string, unknown> = {}, maxFields = 100) {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const compiler = new SelectionCompiler(document, variables, maxFields);
  const { selectionSet } = operationIn(document);
  return { document, compiled: compiler.compile(schema.getSubscriptionType()!, selectionSet) };
}

describe("a compiled selection", () => {
  test("writes the result of executing the operation", () => {
    fc.assert(
      fc.property(changeSelection, fc.boolean(), (selection, isAliased) => {
        const text = `subscription ($yes: Boolean!, $no: Boolean!) {
          ${isAliased ? "renamed: " : ""}entryChanged { ...More ...More }
        }
        fragment More on EntryChange { ${selection} kind @include(if: $yes) @skip(if: $no) }`;
        const variableValues = { yes: true, no: false };
        const { document, compiled } = compile(text, variableValues);
        const contextValue = {
          budget: { reset: () => {} },
          store: { limits: { maxQueryComplexity: 1_000 } },
        };
        for (const rootValue of events) {
          const result = execute({ schema, document, rootValue, variableValues, contextValue });
          if (result instanceof Promise)
            throw new Error("The operation must be executed synchronously.");
          expect(result.errors).toBeUndefined();
          expect(compiled?.write(rootValue)).toBe(writeResult(result));
        }
      }),
      { numRuns: Number(process.env.BATON_TEST_RUNS ?? 300) },
    );
  });

  test("has one key for one shape, regardless of the document", () => {
    const shape = compile("subscription { entryChanged { kind e: entry { value key } } }").compiled;
    const same = `subscription Named { entryChanged(namespace: "a", after: "5") { ...K e: entry { value } e: entry { key } } }
      fragment K on EntryChange { kind }`;
    expect(compile(same).compiled?.key).toBe(shape?.key);
    for (const other of [
      "subscription { entryChanged { kind e: entry { key value } } }",
      "subscription { entryChanged { kind entry { value key } } }",
      "subscription { entryChanged { kind: key e: entry { value key } } }",
      "subscription { c: entryChanged { kind e: entry { value key } } }",
    ]) {
      expect(compile(other).compiled?.key).not.toBe(shape?.key);
    }
  });

  test("does not exist for arguments, promises or too many fields", () => {
    const history = "subscription { entryChanged { entry { history { nodes { kind } } } } }";
    expect(compile(history).compiled).toBeNull();
    const large = "subscription { entryChanged { kind entry { key value } } }";
    expect(compile(large, {}, 4).compiled).not.toBeNull();
    expect(compile(large, {}, 3).compiled).toBeNull();
  });

  test("throws if its execution would add an error", () => {
    const { compiled } = compile("subscription { entryChanged { entry { sizeBytes } } }");
    const tooLarge = { ...change, kind: "SET", key: "k", entry: { ...entry, sizeBytes: 2 ** 40 } };
    expect(() => compiled?.write(tooLarge)).toThrow("Int cannot represent");
    const missing = { ...change, kind: "SET", key: "k", entry: { ...entry, sizeBytes: null } };
    expect(() => compiled?.write(missing)).toThrow("Entry.sizeBytes must not be null.");
  });
});
