import fc from "fast-check";
import { expect, test } from "vitest";
import { indentJson } from "../../src/json/indent-json.ts";
import { parseJsonText } from "../../src/json/json-text.ts";
import { textOf, treeArbitrary } from "./json-trees.ts";

test("G13: an indented value is the same value, in the layout of JSON.stringify", () => {
  fc.assert(
    fc.property(treeArbitrary, (tree) => {
      expect(parseJsonText(indentJson(textOf(tree))).text).toBe(textOf(tree));
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      expect(indentJson(json)).toBe(JSON.stringify(JSON.parse(json), null, 2));
    }),
  );
});
