import fc from "fast-check";
import { expect, test } from "vitest";
import { compareDecimals, decimalOf } from "../../src/json/decimal.ts";
import { compareAt, endOfEqual, patternOf } from "../../src/json/json-pattern.ts";
import { textOf, treeArbitrary, type Tree } from "./json-trees.ts";

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const numberArbitrary = fc
  .record({
    minus: fc.constantFrom("", "-"),
    whole: fc.oneof(fc.constant("0"), fc.stringMatching(/^[1-9][0-9]{0,20}$/)),
    fraction: fc.option(digits(8), { nil: null }),
    exponent: fc.option(fc.integer({ min: -30, max: 30 }), { nil: null }),
  })
  .map(
    ({ minus, whole, fraction, exponent }) =>
      `${minus}${whole}${fraction === null ? "" : `.${fraction}`}${exponent === null ? "" : `e${exponent}`}`,
  );

/** Converts a number to an integer: all numbers are multiplied by the same power of 10. */
function scaled(text: string): bigint {
  const [, minus, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/.exec(text) as RegExpExecArray;
  const value = BigInt(whole + fraction) * 10n ** BigInt(100 - fraction.length + Number(exponent));
  return minus ? -value : value;
}

test("G13: numbers compare by their exact values", () => {
  fc.assert(
    fc.property(numberArbitrary, numberArbitrary, (one, other) => {
      const [a, b] = [scaled(one), scaled(other)];
      expect(Math.sign(compareDecimals(decimalOf(one), decimalOf(other)))).toBe(
        a < b ? -1 : a > b ? 1 : 0,
      );
    }),
  );
});

test.each([
  ["1", "1.0", 0],
  ["-0", "0e5", 0],
  ["9007199254740993", "9007199254740992", 1],
  ["1e400", "1e399", 1],
  ["-1e400", "1e-400", -1],
  ["10e99999999999999999999", "1e100000000000000000000", 0],
  ["1e100000000000000000000", "9.9e99999999999999999999", 1],
  [`1e${"9".repeat(1_000_000)}`, "1e99999999999999999999", 1],
  [`1e-${"9".repeat(1_000_000)}`, "1e-99999999999999999999", -1],
  [`1e${"0".repeat(1_000_000)}1`, "10", 0],
])(
  "G13: numbers that a float cannot represent compare exactly, too: %.40s, %s",
  (one, other, order) => {
    const [a, b] = [decimalOf(one), decimalOf(other)];
    expect(Math.sign(compareDecimals(a, b))).toBe(order);
    expect(Math.sign(compareDecimals(b, a))).toBe(-order || 0);
  },
);

/** Writes the same value in a different form. */
function rewritten(tree: Tree): string {
  switch (tree.kind) {
    case "word":
      return /^-?\d+$/.test(tree.text) ? `${tree.text}.0` : tree.text;
    case "string":
      return `"${Array.from(tree.units, (one) => escaped(one)).join("")}"`;
    case "array":
      return `[${tree.items.map(rewritten).join(",")}]`;
    case "object": {
      const members = tree.members.map(
        ([name, value]) => `${JSON.stringify(name)}:${rewritten(value)}`,
      );
      return `{${members.toReversed().join(",")}}`;
    }
  }
}

function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

test("values are equal in any notation, and different values are not equal", () => {
  const isEqual = (one: string, other: string) =>
    endOfEqual(`[${one}]`, 1, patternOf(other)) === one.length + 1;
  fc.assert(
    fc.property(treeArbitrary, treeArbitrary, (one, other) => {
      expect(isEqual(textOf(one), textOf(one))).toBe(true);
      expect(isEqual(textOf(one), rewritten(one))).toBe(true);
      expect(isEqual(rewritten(one), textOf(one))).toBe(true);
      expect(isEqual(textOf(one), textOf(other))).toBe(isEqual(textOf(other), textOf(one)));
      expect(isEqual(textOf(one), `[${textOf(one)}]`)).toBe(false);
    }),
  );
  for (const [one, other] of [
    ['{"a":1}', '{"a":1,"b":2}'],
    ['{"a":1}', "{}"],
    ["[]", "[1]"],
    ["[1,2]", "[1]"],
    ["null", "false"],
    ['"1"', "1"],
    ['{"a":null}', "{}"],
  ] as const) {
    expect([isEqual(one, other), isEqual(other, one)]).toEqual([false, false]);
  }
});

test("strings compare by their code points, and only with strings", () => {
  const order = (one: string, other: string) => {
    const pattern = patternOf(other);
    if (pattern.kind !== "string" && pattern.kind !== "number") throw new Error(pattern.kind);
    return compareAt(one, 0, pattern);
  };
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
      const [a, b] = [one, other].map((text) => JSON.stringify(text)) as [string, string];
      expect(Math.sign(order(a, b) as number)).toBe(
        Buffer.compare(Buffer.from(one), Buffer.from(other)),
      );
    }),
  );
  expect(order('"\u{10000}"', '"\uffff"')).toBeGreaterThan(0);
  for (const other of ["1", "null", "true", '["a"]', "{}"]) expect(order(other, '"a"')).toBeNull();
  for (const other of ['"1"', "null", "false", "[1]"]) expect(order(other, "1")).toBeNull();
});
