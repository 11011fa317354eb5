import fc from "fast-check";
import { expect, test } from "vitest";
import { partOf } from "../../src/json/part-of.ts";
import { textOf, treeArbitrary, type Tree } from "./json-trees.ts";

/** Every part of a value, with its path. */
function* partsOf(tree: Tree, path: readonly string[] = []): Generator<[string[], Tree]> {
  yield [[...path], tree];
  if (tree.kind === "array") {
    for (const [at, item] of tree.items.entries()) yield* partsOf(item, [...path, String(at)]);
  } else if (tree.kind === "object") {
    for (const [name, member] of tree.members) yield* partsOf(member, [...path, name]);
  }
}

test("every part of a value is found by its path, and nothing else is", () => {
  fc.assert(
    fc.property(treeArbitrary, fc.string({ maxLength: 3 }), (tree, other) => {
      const text = textOf(tree);
      for (const [path, part] of partsOf(tree)) {
        expect(partOf(text, path)).toBe(textOf(part));
        const names =
          part.kind === "object"
            ? part.members.map(([name]) => name)
            : part.kind === "array"
              ? part.items.map((_, at) => String(at))
              : [];
        if (!names.includes(other)) expect(partOf(text, [...path, other])).toBeNull();
      }
    }),
  );
});

test.each([
  [String.raw`{"\u0061":1,"a\\":2,"a\"":3,"":4}`, ["a"], "1"],
  [String.raw`{"\u0061":1,"a\\":2,"a\"":3,"":4}`, ["a\\"], "2"],
  [String.raw`{"\u0061":1,"a\\":2,"a\"":3,"":4}`, ['a"'], "3"],
  [String.raw`{"\u0061":1,"a\\":2,"a\"":3,"":4}`, [""], "4"],
  [String.raw`{"\n":1,"\\n":2}`, ["\n"], "1"],
  [String.raw`{"\n":1,"\\n":2}`, ["\\n"], "2"],
  [String.raw`{"\n":1}`, ["\\n"], null],
  ["[[],{}]", ["2"], null],
  ["[[],{}]", ["0", "0"], null],
  ["[[],{}]", ["01"], null],
  ['{"0":"a"}', ["0", "0"], null],
])("the part of %s at %j is %s", (text, path, part) => {
  expect(partOf(text, path)).toBe(part);
});

test("G14: a short name is found among many long ones without searching the rest of the value", () => {
  const members = Array.from({ length: 100_000 }, (_, at) => `"m${at}":0`);
  const text = `{${members.join(",")},"a":1}`;
  const beganAt = process.cpuUsage().user;
  expect(partOf(text, ["a"])).toBe("1");
  // It takes about 10 ms. With such searches it takes a second.
  expect(process.cpuUsage().user - beganAt).toBeLessThan(300_000);
});
