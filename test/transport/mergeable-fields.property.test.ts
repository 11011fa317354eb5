import fc from "fast-check";
import { OverlappingFieldsCanBeMergedRule, isAbstractType, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../src/schema/schema.ts";
import { mergeConflict } from "../../src/transport/mergeable-fields.ts";

const fragments = ["A", "B", "C"];

/** Selections of one recursive type, with and without arguments, aliases and fragments. */
const { entrySet } = fc.letrec<{ entrySet: string; entryField: string }>((tie) => ({
  entrySet: fc
    .array(tie("entryField"), { minLength: 1, maxLength: 4 })
    .map((fields) => `{ ${fields.join(" ")} }`),
  entryField: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("key", "value", "a: key", "a: value", "b: revision", "b: key"),
    fc.constantFrom(...fragments.map((name) => `...${name}`)),
    tie("entrySet").map((set) => `... ${set}`),
    fc
      .tuple(
        fc.constantFrom("", "h: ", "a: "),
        fc.constantFrom("", "(first: 1)", "(first: 2)"),
        tie("entrySet"),
      )
      .map(([alias, args, set]) => `${alias}history${args} { nodes { entry ${set} } }`),
  ),
}));

const document = fc.tuple(entrySet, ...fragments.map(() => entrySet)).map(([set, ...sets]) => {
  // Each fragment spreads only later ones, so that there is no cycle.
  const bodies = sets.map((body, index) =>
    fragments
      .slice(0, index + 1)
      .reduce((text, name) => text.replaceAll(`...${name} `, "key "), body),
  );
  const definitions = bodies.map((body, index) => `fragment ${fragments[index]} on Entry ${body}`);
  // A fragment that no operation spreads would be refused for that reason.
  const spread = fragments.map((name) => `${name}: entry(key: "k") { ...${name} }`).join(" ");
  return `{ entry(key: "k") ${set} ${spread} } ${definitions.join(" ")}`;
});

test("fields can be merged exactly if graphql-js can merge them", () => {
  fc.assert(
    fc.property(document, (text) => {
      const parsed = parse(text);
      const conflicts = validate(schema, parsed, [OverlappingFieldsCanBeMergedRule]);
      expect(mergeConflict(parsed) === null).toBe(conflicts.length === 0);
    }),
    { numRuns: 500 },
  );
});

test("the schema has no abstract types, as this check requires", () => {
  expect(Object.values(schema.getTypeMap()).filter(isAbstractType)).toEqual([]);
});

test.each([
  ["one field 900 times", `{ ${"viewer { user } ".repeat(900)} }`],
  ["inline fragments", `{ ${"... on Query { viewer { user } } ".repeat(400)} }`],
])("compares each field once: %s", (_name, text) => {
  expect(mergeConflict(parse(text))).toBeNull();
});

test("the message of a conflict says how to avoid it", () => {
  const parsed = parse('{ a: entry(key: "x") { key } a: entry(key: "y") { key } }');
  expect(mergeConflict(parsed)?.message).toBe(
    'Fields "a" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.',
  );
});
