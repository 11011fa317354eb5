import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonError } from "../../src/json/json-error.ts";
import { JsonScanner } from "../../src/json/json-scanner.ts";
import {
  jsonTextOf,
  jsonTextOfParsed,
  JsonText,
  parseJsonText,
  parseOrdinary,
} from "../../src/json/json-text.ts";
import { writeJson } from "../../src/json/write-json.ts";
import { depthOf, endOfValue, isDeeperThan } from "../../src/json/value-parts.ts";
import { spacedTextOf, textOf, treeArbitrary, treeDepth } from "./json-trees.ts";

const spaces = fc.infiniteStream(fc.constantFrom("", "", " ", "\n\t", "\r\n  "));

function problemOf(text: string): string {
  try {
    return `It was read as ${parseJsonText(text).text}`;
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
}

describe("G13: a JSON value as its text", () => {
  test("is kept apart from whitespace, for any value", () => {
    fc.assert(
      fc.property(treeArbitrary, spaces, (tree, stream) => {
        const spaced = spacedTextOf(tree, () => stream.next().value as string);
        expect(parseJsonText(spaced).text).toBe(textOf(tree));
      }),
      { numRuns: 500 },
    );
  });

  test("is parsed by JavaScript only if that loses nothing", () => {
    fc.assert(
      fc.property(treeArbitrary, spaces, (tree, stream) => {
        const text = textOf(tree);
        const parsed = parseOrdinary(spacedTextOf(tree, () => stream.next().value as string));
        const isLost = JSON.stringify(JSON.parse(text)) !== text;
        expect(parsed && JSON.stringify(parsed.value)).toBe(isLost ? null : text);
      }),
      { numRuns: 500 },
    );
    for (const text of [
      '{"1 ":0,"1":0}',
      '{"1 ":0, "1" :0}',
      '{"a ":1,"a":1,"a ":1}',
      '"\\ud800"',
      "1 .0",
      "- 1",
    ]) {
      expect(parseOrdinary(text)).toBeNull();
    }
  });

  test("is read in steps of any size as it is read in one step", () => {
    fc.assert(
      fc.property(treeArbitrary, spaces, fc.integer({ min: 1, max: 40 }), (tree, stream, step) => {
        const spaced = spacedTextOf(tree, () => stream.next().value as string);
        const scanner = new JsonScanner(spaced);
        while (!scanner.run(scanner.at + step));
        scanner.requireEnd();
        expect(scanner.compact()).toBe(textOf(tree));
        expect(scanner.problem).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test("is accepted if JSON.parse accepts it, and refused if JSON.parse refuses it", () => {
    const characters = fc.constantFrom(
      ...'[]{},:"\\ 0123456789.-+eEtrufalsn\u0001\t/b',
      "true",
      "null",
      '"a"',
    );
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const problem = problemOf(text);
        if (isJson) expect(problem).toMatch(/^It was read as|more than once/);
        else expect(problem).toMatch(/^It is not JSON/);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    "12345678901234567890",
    "1.0",
    "1e400",
    "-0",
    '{"b":1,"1":2}',
    '{"__proto__":1,"a":{"__proto__":{}}}',
    '"\\u00e9\\/\\ud83d\\ude00"',
    '{"\\u0061":1}',
    '{"toJSON":1,"then":2}',
    `"${"x".repeat(200)}\\n${"ж😀".repeat(100)}"`,
  ])("keeps %s", (text) => {
    expect(parseJsonText(text).text).toBe(text);
  });

  test.each([
    ['{"a":1,"a":1}', 'The member "a" appears more than once.', ["a"]],
    ['{"a":1,"\\u0061":1}', 'The member "a" appears more than once.', ["a"]],
    ['{"x":[0,{"a":1,"b":2,"a":1}]}', 'The member "a" appears more than once.', ["x", 1, "a"]],
    [
      `{${Array.from({ length: 20 }, (_, at) => `"m${at}":1,`).join("")}"m3":1}`,
      'The member "m3" appears more than once.',
      ["m3"],
    ],
    [
      '{"__proto__":1,"__proto__":1}',
      'The member "__proto__" appears more than once.',
      ["__proto__"],
    ],
    ['["\\ud800"]', "A string holds half of a surrogate pair", [0]],
    ['["\\ude00\\ud83d"]', "A string holds half of a surrogate pair", [0]],
    ['["\\ud83d\\u0041"]', "A string holds half of a surrogate pair", [0]],
    ['["a\ud800"]', "A string holds half of a surrogate pair", [0]],
    [`["${"x".repeat(100)}\ude00"]`, "A string holds half of a surrogate pair", [0]],
  ])("refuses %s, and reports the place", (text, reason, path) => {
    try {
      parseJsonText(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(JsonError);
      expect((error as JsonError).reason).toContain(reason);
      expect((error as JsonError).path).toEqual(path);
    }
  });

  test("reports its nesting depth", () => {
    fc.assert(
      fc.property(treeArbitrary, fc.nat(6), (tree, depth) => {
        const text = textOf(tree);
        expect(depthOf(text)).toBe(treeDepth(tree));
        expect(isDeeperThan(text, depth)).toBe(treeDepth(tree) > depth);
        expect(endOfValue(`[${text},1]`, 1)).toBe(1 + text.length);
      }),
    );
    expect(problemOf("[".repeat(20_000))).toContain("nested more than 10000 deep");
  });
});

describe("G13: the text of a JavaScript value", () => {
  test("is the text that JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed = JSON.parse(JSON.stringify(value)) as unknown;
        expect(jsonTextOf(parsed).text).toBe(JSON.stringify(parsed));
        expect(jsonTextOfParsed(parsed).text).toBe(JSON.stringify(parsed));
      }),
    );
  });

  test("holds texts unchanged", () => {
    const value = { a: [new JsonText("1.0"), 2n ** 64n], b: null };
    expect(jsonTextOf(value).text).toBe('{"a":[1.0,18446744073709551616],"b":null}');
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each([
    [NaN],
    [{ a: Infinity }],
    [undefined],
    [[undefined]],
    [{ a: undefined }],
    [() => 1],
    ["\ud800"],
    [{ "\ud800": 1 }],
    [cycle],
  ])("refuses %j", (value) => {
    expect(() => jsonTextOf(value)).toThrow(JsonError);
  });

  test.each([[[Infinity]], [["\ud800"]], [undefined]])("refuses %j that was parsed", (value) => {
    expect(() => jsonTextOfParsed(value)).toThrow(JsonError);
  });
});

describe("G13: a result with texts in it", () => {
  test("is written like JSON.stringify does, with the texts unchanged", () => {
    fc.assert(
      fc.property(fc.jsonValue(), treeArbitrary, (value, tree) => {
        const text = textOf(tree);
        expect(writeJson({ data: value, raw: [new JsonText(text)] })).toBe(
          `{"data":${JSON.stringify(value)},"raw":[${text}]}`,
        );
      }),
    );
    const odd = {
      a: undefined,
      b: [undefined, NaN],
      c: new Date(0),
      d: -0,
      e: { toJSON: () => 1 },
    };
    expect(writeJson(odd)).toBe(JSON.stringify(odd));
  });
});
