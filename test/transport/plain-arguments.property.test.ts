import fc from "fast-check";
import {
  getArgumentValues,
  getVariableValues,
  parse,
  validate,
  type FieldNode,
  type OperationDefinitionNode,
} from "graphql";
import { expect, test } from "vitest";
import { JsonText } from "../../src/json/json-text.ts";
import { schema } from "../../src/schema/schema.ts";
import { plainArguments } from "../../src/transport/plain-arguments.ts";

/** Documents of one field, with the variables `a` to `d` in every place where callers use variables. */
const documents = [
  "mutation ($a: SetEntryInput!) { setEntry(input: $a) { revision } }",
  "mutation ($a: String!, $b: JSON!) { setEntry(input: { key: $a, value: $b }) { revision } }",
  'mutation ($b: JSON, $c: Int) { setEntry(input: { namespace: "n", key: "k", value: $b, ttlSeconds: $c, metadata: {x: 1} }) { revision } }',
  "mutation ($a: String!, $b: [SetEntriesItem!]!) { setEntries(input: { namespace: $a, entries: $b }) { revision } }",
  'mutation ($a: [SetEntriesItem!]!) { setEntries(input: { entries: $a, idempotencyKey: "i" }) { revision } }',
  "mutation ($a: TransactInput!) { transact(input: $a) { revision } }",
  "query ($a: String!, $b: Int) { entries(namespace: $a, first: $b) { edges { cursor } } }",
  'query { entries(namespace: "n", first: 3, after: null) { edges { cursor } } }',
  'query ($a: String = "x") { entry(key: $a) { key } }',
];

const json = new JsonText('{"n":1.0}');
const scalar = fc.constantFrom<unknown>("text", "", 7, 1.5, 2 ** 40, true, null, json);
const item = fc.record(
  { key: scalar, value: scalar, ttlSeconds: scalar, ifRevision: scalar, surplus: scalar },
  { requiredKeys: [] },
);
const likely = fc.record(
  {
    namespace: fc.constant("n"),
    key: fc.string(),
    value: fc.constantFrom(json, null),
    ttlSeconds: fc.nat(),
    ifRevision: fc.constantFrom("1", 0),
  },
  { requiredKeys: ["key"] },
);
const variable = fc.oneof(
  scalar,
  item,
  likely,
  fc.array(fc.oneof(item, likely), { maxLength: 3 }),
  fc.array(likely, { maxLength: 3 }),
  likely.map((set) => ({ operations: [{ set }] })),
);
const variables = fc.record({ a: variable, b: variable, c: variable }, { requiredKeys: [] });

test.each(documents)("arguments have the same values as with graphql-js: %s", (text) => {
  const document = parse(text);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const node = operation.selectionSet.selections[0] as FieldNode;
  const field = schema.getRootType(operation.operation)?.getFields()[node.name.value];
  if (!field) throw new Error("The field does not exist.");
  const definitions = operation.variableDefinitions ?? [];
  expect(validate(schema, document)).toEqual([]);
  const read = plainArguments(schema, field, node, definitions);
  fc.assert(
    fc.property(variables, (sent) => {
      const plain = read?.(sent) ?? null;
      if (plain === null) return;
      const { coerced, errors } = getVariableValues(schema, definitions, sent);
      expect(errors).toBeUndefined();
      expect(plain.coerced).toEqual(coerced);
      expect(plain.args).toEqual(getArgumentValues(field, node, coerced));
    }),
  );
});

test("most arguments are read without graphql-js", () => {
  const document = parse(documents[1] as string);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const node = operation.selectionSet.selections[0] as FieldNode;
  const field = schema.getMutationType()?.getFields().setEntry;
  const read = field && plainArguments(schema, field, node, operation.variableDefinitions ?? []);
  expect(read?.({ a: "k", b: json })?.args).toEqual({
    input: { namespace: "default", key: "k", value: json },
  });
});
