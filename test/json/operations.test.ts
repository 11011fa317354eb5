import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { appendText } from "../../src/json/append-text.ts";
import { incrementText } from "../../src/json/increment-text.ts";
import { atOnce } from "../../src/in-steps.ts";
import { mergeLongPatch, mergeMembers, mergePatchText } from "../../src/json/merge-patch-text.ts";
import { mergePatchTree, textOf, treeArbitrary } from "./json-trees.ts";

describe("G13: operations on the text of a value", () => {
  test("a merge patch follows RFC 7396, and keeps members that it does not name", () => {
    fc.assert(
      fc.property(fc.option(treeArbitrary), treeArbitrary, fc.nat(40), (target, patch, units) => {
        const texts = [target && textOf(target), textOf(patch)] as const;
        const merged = textOf(mergePatchTree(target, patch));
        expect(mergePatchText(...texts)).toBe(merged);
        expect(atOnce(mergeLongPatch(...texts, units))).toBe(merged);
      }),
      { numRuns: 1_000 },
    );
    expect(mergePatchText('{"1e2":1.0,"b":{"2":1e400,"1":-0}}', '{"b":{"\\u0031":5}}')).toBe(
      '{"1e2":1.0,"b":{"2":1e400,"1":5}}',
    );
  });

  test("metadata merges at the top level, including null", () => {
    expect(mergeMembers('{"b":1.0,"a":{"x":1}}', '{"a":{"y":2},"c":null}')).toBe(
      '{"b":1.0,"a":{"y":2},"c":null}',
    );
    expect(mergeMembers("{}", '{"__proto__":1}')).toBe('{"__proto__":1}');
  });

  test("an append keeps the earlier items, or the newest ones if there is a maximum", () => {
    fc.assert(
      fc.property(
        fc.array(treeArbitrary, { maxLength: 6 }),
        treeArbitrary,
        fc.option(fc.integer({ min: 1, max: 8 })),
        (items, item, maxLength) => {
          const texts = [...items, item].map(textOf);
          const kept = maxLength === null ? texts : texts.slice(-maxLength);
          const array = `[${items.map(textOf).join(",")}]`;
          expect(appendText(array, textOf(item), maxLength)).toBe(`[${kept.join(",")}]`);
        },
      ),
    );
    expect(appendText(null, "1.0", null)).toBe("[1.0]");
    expect(appendText('{"a":1}', "1", null)).toBeNull();
  });

  test("an increment of integers is exact for any size", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 400n), max: 10n ** 400n }),
        fc.maxSafeInteger(),
        (value, by) => {
          expect(incrementText(`{"a":[1.0,${value}],"b":1e400}`, ["a", "1"], by)).toEqual({
            kind: "incremented",
            text: `{"a":[1.0,${value + BigInt(by)}],"b":1e400}`,
          });
        },
      ),
    );
  });

  const nines = "9".repeat(1_000);
  test.each<[string | null, string[], number, string]>([
    [null, [], 5, "5"],
    [null, ["a", "b"], 1, '{"a":{"b":1}}'],
    ["{}", ["a"], 0.5, '{"a":0.5}'],
    ['{"a":1.0}', ["b/c", "d"], 1, '{"a":1.0,"b/c":{"d":1}}'],
    ["[[],{}]", ["1", "x"], -1, '[[],{"x":-1}]'],
    ["1.5", [], 1, "2.5"],
    ["1.0", [], 1, "2"],
    ["1e3", [], 1, "1001"],
    ["-0", [], 0, "0"],
    ["9007199254740993", [], 1, "9007199254740994"],
    [`-${nines}`, [], 1, `-${"9".repeat(999)}8`],
    ['{"\\u0061":1}', ["a"], 1, '{"\\u0061":2}'],
    ['{"__proto__":1}', ["__proto__"], 1, '{"__proto__":2}'],
  ])("%s at %j plus %s is %s", (value, path, by, text) => {
    expect(incrementText(value, path, by)).toEqual({ kind: "incremented", text });
  });

  test.each<[string, string[], number, string, RegExp]>([
    [nines, [], 1, "by", /at most 1000 digits before and after the increment, but has 1001/],
    [`${nines}9`, [], -1, "by", /but has 1001/],
    ["1", [], 2 ** 53, "by", /An integer must be from/],
    ["1", [], NaN, "by", /finite/],
    ["1e308", [], 1, "by", /cannot hold the sum of 1e308 and 1 exactly/],
    ["1.7e308", [], 1.7e308 + 0.5, "by", /must be from/],
    ["1e400", [], 0.5, "by", /cannot hold the sum/],
    ["12345678901234567890", [], 0.5, "by", /A fraction cannot be added exactly/],
    ['"1"', [], 1, "path", /The value at the top must be a number or not exist, but is a string/],
    ['{"a":null}', ["a"], 1, "path", /"\/a" must be a number or not exist, but is null/],
    ['{"a":1}', ["a", "b"], 1, "path", /"\/a" must be an object or not exist, but is a number/],
    ["[1]", ["1"], 1, "path", /The array at the top has 1 items, and no item "1"/],
    ["[1]", ["-"], 1, "path", /no item "-"/],
  ])("%s at %j plus %s is refused for %s", (value, path, by, argument, reason) => {
    expect(incrementText(value, path, by)).toMatchObject({
      kind: "refused",
      argument,
      reason: expect.stringMatching(reason) as string,
    });
  });
});
