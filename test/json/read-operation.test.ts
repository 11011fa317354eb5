import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { BatonError } from "../../src/errors.ts";
import { isLoopHeld } from "../../src/event-loop.ts";
import { JsonError } from "../../src/json/json-error.ts";
import { JsonScanner } from "../../src/json/json-scanner.ts";
import { JsonText } from "../../src/json/json-text.ts";
import {
  decodeLongString,
  endOfLongValue,
  stepUnits,
  withoutCutEscape,
  type Steps,
} from "../../src/json/long-value-parts.ts";
import { endOfValue } from "../../src/json/value-parts.ts";
import { schema } from "../../src/schema/schema.ts";
import { atOnce } from "../../src/in-steps.ts";
import { readEnvelope, type Envelope } from "../../src/transport/envelope.ts";
import { readMessage, RefusedPayload } from "../../src/transport/read-message.ts";
import { operationIn, readOperation, type Operation } from "../../src/transport/read-operation.ts";
import { readSearch } from "../../src/transport/read-search.ts";
import { spacedTextOf, textOf, treeArbitrary } from "./json-trees.ts";

const limits = { maxValueDepth: 64, maxQueryBytes: 65_536 };
const read = async (text: string): Promise<Operation> => readOperation(text, schema, limits);
const quoted = JSON.stringify;

const setDocument = "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }";
const transactDocument = `mutation ($one: TransactOperation!, $many: [TransactOperation!], $value: JSON, $values: [JSON!], $by: Float) {
  transact(input: { operations: [$one] }) { revision }
}`;

/** A value as a text, from a text or from a plain value. */
function jsonOf(value: unknown): string {
  return value instanceof JsonText ? value.text : JSON.stringify(value);
}

async function problemOf(reading: Promise<unknown>): Promise<BatonError> {
  const problem = await reading.then(
    (value) => new Error(`It was read: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (problem instanceof BatonError) return problem;
  throw problem;
}

const odd = '{"b":1.0,"1":12345678901234567890,"__proto__":[-0,1e400]}';

describe("G13: reading an operation", () => {
  test("an ordinary body is parsed by JavaScript", async () => {
    const body = { query: setDocument, variables: { input: { key: "a", value: { b: [1] } } } };
    expect(await read(quoted(body))).toEqual({ ...body, operationName: null, extensions: null });
  });

  test("an argument of type JSON arrives as its text, and all others as plain values", async () => {
    const spaces = fc.infiniteStream(fc.constantFrom("", "", " ", "\n"));
    await fc.assert(
      fc.asyncProperty(treeArbitrary, spaces, fc.boolean(), async (tree, stream, queryFirst) => {
        const sent = spacedTextOf(tree, () => stream.next().value as string);
        const members = [
          `"query": ${quoted(transactDocument)}`,
          `"variables": {"one":{"set":{"key":"k","value":${sent},"ttlSeconds":1.0}},
            "many":[{"append":{"key":"k","value":${sent}}},{"increment":{"key":"k","by":1.0}}],
            "value":${sent},"values":[${sent},${sent}],"by":1.0,"undeclared":${sent}}`,
        ];
        const { variables } = await read(
          `{${(queryFirst ? members : members.reverse()).join(",")}}`,
        );
        const { one, many, value, values, by } = variables as Record<string, any>;
        const text = textOf(tree);
        expect(jsonOf(one.set.value)).toBe(text);
        expect(one.set).toMatchObject({ key: "k", ttlSeconds: 1 });
        expect(jsonOf(many[0].append.value)).toBe(text);
        expect(many[1].increment).toMatchObject({ key: "k", by: 1 });
        expect(jsonOf(value)).toBe(text);
        expect(values.map(jsonOf)).toEqual([text, text]);
        expect(by).toBe(1);
      }),
      { numRuns: 200 },
    );
  });

  test("one item counts as a list with that item", async () => {
    const { variables } = await read(
      `{"query":${quoted(transactDocument)},"variables":{"many":{"set":{"key":"k","value":1.0}},"values":1.0}}`,
    );
    const { many, values } = variables as Record<string, any>;
    expect([many.set.value.text, values.text]).toEqual(["1.0", "1.0"]);
  });

  test("the named operation determines the types", async () => {
    const query = "query A($v: String) { viewer { user } } query B($v: JSON) { viewer { user } }";
    const body = (name: string) =>
      `{"operationName":"${name}","query":"${query}","variables":{"v":1.0}}`;
    expect((await read(body("A"))).variables).toEqual({ v: 1 });
    expect((await read(body("B"))).variables).toEqual({ v: new JsonText("1.0") });
  });

  test.each<[string, string, string, RegExp]>([
    [
      "a member twice in a value",
      `{"input":{"key":"k","value":{"a":[{"b":1,"b":2}]}}}`,
      "input.value",
      /At "\/a\/0\/b": The member "b" appears more than once/,
    ],
    [
      "a member twice in an input",
      `{"input":{"key":"k","key":"k","value":1}}`,
      "input.key",
      /The member "key" appears more than once/,
    ],
    ["a variable twice", `{"input":1,"input":2}`, "input", /appears more than once/],
    [
      "half a pair in a value",
      `{"input":{"key":"k","value":["\\ud800"]}}`,
      "input.value",
      /At "\/0": A string holds half/,
    ],
    ["variables that are a list", "[1.0]", "variables", /Must be an object/],
  ])("%s is refused at its argument", async (_what, variables, argument, message) => {
    for (const text of [
      `{"query":${quoted(setDocument)},"variables":${variables}}`,
      `{"variables":${variables},"query":${quoted(setDocument)}}`,
    ]) {
      const problem = await problemOf(read(text));
      expect(problem.code).toBe("BAD_USER_INPUT");
      expect(problem.extensions.argument).toBe(argument);
      expect(problem.message).toMatch(message);
    }
  });

  test("a lone surrogate in a string that is not JSON is left to the argument's own check", async () => {
    const body = (value: string) =>
      `{"query":${quoted(setDocument)},"variables":{"input":{"key":"\\ud800","value":${value}}}}`;
    const { variables } = await read(body('"\\u00e9"'));
    expect(variables).toMatchObject({ input: { key: "\ud800", value: { text: '"\\u00e9"' } } });
    for (const value of ['["\\ud800"]', '{"a":1,"a":2}', '{"\\ud800":1}']) {
      expect((await problemOf(read(body(value)))).extensions.argument).toBe("input.value");
    }
  });

  test.each([
    ["a member of the request twice", '{"query":"{a}","variables":{},"query":"{b}"}', "query"],
    ["no query", '{"variables": {}}', "query"],
    ["a query that is a number", '{"query": 1}', "query"],
    ["a list", "[ 1]", "query"],
    ["an operationName that is a number", '{"query":"{a}", "operationName": 1.0}', "operationName"],
    ["extensions that are a list", '{"query":"{a}", "extensions": []}', "extensions"],
  ])("%s is refused", async (_what, text, argument) => {
    expect((await problemOf(read(text))).extensions).toEqual({ code: "BAD_USER_INPUT", argument });
  });

  test.each([
    "",
    "{",
    '{"query":"{a}"',
    '{"query":"{a}"} x',
    '{"query" "a"}',
    "nul",
    '{"query":"{a}",}',
  ])("%j is not JSON", async (text) => {
    expect((await problemOf(read(text))).message).toMatch(/The request's body: It is not JSON/);
  });

  test("a value that is nested too deep is refused with the limit", async () => {
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    const problem = await problemOf(
      read(`{"query":${quoted(setDocument)},"variables":{"input":{"key":"k","value":${deep}}}}`),
    );
    expect(problem.extensions).toEqual({
      code: "LIMIT_EXCEEDED",
      limit: "maxValueDepth",
      max: 64,
      argument: "input.value",
    });
  });

  test("a long body is read like a short one, and does not block other work", async () => {
    const long = quoted("é\\\n😀\u0001x".repeat(100_000));
    const items = `[${Array.from({ length: 100_000 }, (_, index) => `{"n":${index}.0 , "__proto__":[]}`).join(",")}]`;
    const text = `{"variables":{"one":{"set":{"key":${long},"value":${items}}},"values":[${long},${items}],"by":1.0,"none":${items}},"query":${quoted(transactDocument)}}`;
    expect(text.length).toBeGreaterThan(10_000_000);
    let turns = 0;
    let isRead = false;
    const turn = () => {
      turns++;
      if (!isRead) setImmediate(turn);
    };
    setImmediate(turn);
    const { variables } = await read(text);
    isRead = true;
    const { one, values, by } = variables as Record<string, any>;
    const compact = items.replaceAll(" ", "");
    expect(one.set.key).toBe(JSON.parse(long));
    expect(one.set.value.text === compact && values[1].text === compact).toBe(true);
    expect(values[0].text === long).toBe(true);
    expect(by).toBe(1);
    expect(turns).toBeGreaterThan(5);
  });
});

describe("G13: reading the operation of a GET", () => {
  const search = (parameters: Record<string, string>) =>
    readSearch(String(new URLSearchParams(parameters)), schema, limits);

  test("variables keep their text", async () => {
    const operation = await search({
      query: transactDocument,
      operationName: "",
      variables: `{ "value": ${odd} }`,
    });
    expect(operation?.variables).toEqual({ value: new JsonText(odd) });
    expect(await readSearch("x=1", schema, limits)).toBeNull();
  });

  test.each([
    ["not JSON", () => search({ query: "{a}", variables: "{" }), "variables"],
    ["more than one", () => search({ query: "{a}", variables: '{},"x":1' }), "variables"],
    ["a variable twice", () => search({ query: "{a}", variables: '{"a":1,"a":2}' }), "a"],
    [
      "not UTF-8",
      () => readSearch("query=%7Ba%7D&variables=%22%ED%A0%80%22", schema, limits),
      "variables",
    ],
  ])("variables that are %s are refused", async (_what, call, argument) => {
    const problem = await problemOf((async () => call())());
    expect(problem.extensions).toEqual({ code: "BAD_USER_INPUT", argument });
  });
});

/** How often a reader lets other work run. */
function pausesOf(steps: Steps<unknown>): number {
  let pauses = 0;
  while (!steps.next().done) pauses++;
  return pauses;
}

describe("G14: reading many members", () => {
  const many = (count: number, value: string) =>
    Array.from({ length: count }, (_, at) => `"k${at}":${value}`).join();
  const few = many(900, `"${"x".repeat(5_000)}"`);
  const tooMany = many(1_000, "1".repeat(300));
  const shortButTooMany = many(1_000, "1");
  const query = '"query":"{ viewer { user } }"';
  const pauses = few.length / (2 * stepUnits);

  test("pauses between the members of a request", () => {
    expect(pausesOf(readEnvelope(`{${few}}`))).toBeGreaterThan(pauses);
    expect(pausesOf(readEnvelope(`{"payload":{${few}}}`, "payload"))).toBeGreaterThan(pauses);
  });

  test("pauses between variables, and between the members of an input", () => {
    const empty = readEnvelope("{}").next().value as Envelope;
    for (const [document, variables] of [
      ["{ viewer { user } }", few],
      ["query ($k1: String) { viewer { user } }", few],
      [setDocument, `"input":{${few}}`],
    ] as const) {
      const members = new Map([
        ["query", quoted(document)],
        ["variables", `{${variables}}`],
      ]);
      const read = { ...empty, members };
      expect(pausesOf(operationIn(read, schema, limits))).toBeGreaterThan(pauses);
    }
  });

  test("refuses a request with more than 1,000 members on both transports", async () => {
    for (const members of [tooMany, shortButTooMany]) {
      const problem = await problemOf(read(`{${query},${members}}`));
      expect(problem.extensions).toEqual({
        code: "LIMIT_EXCEEDED",
        limit: "maxMembers",
        max: 1_000,
      });
    }
    for (const text of [
      `{"id":"1","type":"subscribe","payload":{${query},${tooMany}}}`,
      `{"id":"1","type":"subscribe",${tooMany},"payload":{${query}}}`,
      `{"type":"ping","payload":{${tooMany},"k":1}}`,
      `{"id":"1","type":"subscribe","payload":{${query},${shortButTooMany}}}`,
      `{"type":"ping","payload":{${shortButTooMany},"k":1}}`,
    ]) {
      expect(await readMessage(text, schema, limits)).toBe("");
    }
  });

  test("G14: refuses an object with more than 200,000 members in a value, and one with 1,000,000 as fast", async () => {
    const withMembers = (count: number) => {
      const members = Array.from({ length: count }, (_, index) => `"${index}":1`).join(",");
      const input = `{"namespace":"a","key":"k","value":{"a":[{${members}}]}}`;
      return read(`{"query":${quoted(setDocument)},"variables":{"input":${input}}}`);
    };
    const { variables } = await withMembers(200_000);
    const input = variables?.input as { value: JsonText } | undefined;
    expect(input?.value.text).toHaveLength(2_088_899);
    for (const count of [200_001, 1_000_000]) {
      const problem = await problemOf(withMembers(count));
      expect(problem.extensions).toEqual({ code: "BAD_USER_INPUT", argument: "input.value" });
      expect(problem.message).toBe(
        'input.value: At "/a/0": An object has more than 200,000 members.',
      );
    }
  });

  test("keeps a bounded number of unknown members of an input, and of the characters of a name", async () => {
    const name = "n".repeat(300_000);
    const body = `{"query":${quoted(setDocument)},"variables":{"input":{"${name}":1,${tooMany},"key":"a"}}}`;
    const input = (await read(body)).variables?.input as Record<string, unknown>;
    expect(Object.keys(input)).toHaveLength(51);
    expect(input.key).toBe("a");
    expect(Object.keys(input)[0]?.length).toBeLessThan(200);
  });

  test("asks once for each string whether halves of pairs are harmless in it, and once for each level around them", () => {
    const asked: string[] = [];
    const halves = ["\ud800".repeat(100), "\ud800", ["\ud800"], { a: "\ud800", b: "\ud800" }];
    const text = `${"[".repeat(3)}${quoted(halves)},"\ud800"${"]".repeat(3)}`;
    const scanner = new JsonScanner(text, 0, {
      halfPairs: {
        top: "",
        within: (place, member) => `${place}/${member}`,
        isHarmless: (place) => asked.push(place) > 0,
      },
    });
    expect(scanner.run()).toBe(true);
    const inside = ["0", "1", "2/0", "3/a", "3/b"].map((path) => `/0/0/0/${path}`);
    expect(asked).toEqual([...inside, "/0/0/1"]);
    expect(scanner.problem).toBeNull();

    const within = vi.fn<() => null>(() => null);
    const many = `${"[".repeat(9_000)}${'[],"\\ud800",'.repeat(5_000)}0${"]".repeat(9_000)}`;
    const halfPairs = { top: null, within, isHarmless: () => true };
    new JsonScanner(many, 0, { halfPairs }).run();
    expect(within).toHaveBeenCalledTimes(9_000 - 1 + 5_000);
  });

  test("does not write a deep text with JavaScript, which compares each object with all around it", async () => {
    const write = vi.spyOn(JSON, "stringify");
    try {
      const deep = `${"[".repeat(3_000)}${"[],".repeat(50_000)}0${"]".repeat(3_000)}`;
      const payload = `{"query":"{a}","variables":{"x":${deep}}}`;
      await read(payload);
      await readMessage(`{"id":"1","type":"subscribe","payload":${payload}}`, schema, limits);
      expect(write).not.toHaveBeenCalled();
    } finally {
      write.mockRestore();
    }
  });

  test("reads a short text in steps, too, after the turn has worked for long", async () => {
    const text = `{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":{"x": [${"1.0,".repeat(9_000)}0]}}}`;
    isLoopHeld();
    for (const begin = performance.now(); performance.now() - begin < 6;);
    const message = readMessage(text, schema, limits);
    expect(message).toBeInstanceOf(Promise);
    expect(await message).toMatchObject({ id: "1", payload: { query: "{a}" } });
  });

  test("reads a variable in at most eight lists", async () => {
    const body = (lists: number) =>
      `{"query":"query ($x: ${"[".repeat(lists)}Int${"]".repeat(lists)}) { a }","variables":{"x":[1.0,[2]]}}`;
    expect((await read(body(8))).variables).toEqual({ x: [1, [2]] });
    expect((await read(body(9))).variables).toEqual({});
  });

  test("does not look back over a long run of backslashes, or decode a long name in one step", async () => {
    const backslashes = "\\\\".repeat(500_000);
    const looks = vi.spyOn(String.prototype, "charCodeAt");
    try {
      expect(withoutCutEscape(backslashes, 999_900, 999_999)).toBe(999_998);
      expect(looks.mock.calls.length).toBeLessThan(200);
    } finally {
      looks.mockRestore();
    }
    const parse = vi.spyOn(JSON, "parse");
    try {
      const name = `"${"\\u0041".repeat(100_000)}":0`;
      await read(`{"query":"{a}","variables":{${name},"x":{${name}}},${name}}`);
      expect(Math.max(...parse.mock.calls.map(([text]) => text.length))).toBeLessThan(
        2 * stepUnits,
      );
    } finally {
      parse.mockRestore();
    }
  });

  test("pauses in a long string of quotes, and cuts no escape", () => {
    const escapes = fc.constantFrom('\\"', "\\\\", "\\u005c", "\\n", "u0", "a", "\\ud83d\\ude00");
    fc.assert(
      fc.property(fc.array(escapes, { minLength: 1, maxLength: 9 }), (some) => {
        const text = `"${some.join("").repeat(12_000)}"`;
        const ends = endOfLongValue(`[${text}]x`, 0);
        let pauses = 0;
        let last = ends.next();
        for (; !last.done; last = ends.next()) pauses++;
        expect(last.value).toBe(text.length + 2);
        expect(pauses).toBe(Math.floor((text.length + 1) / stepUnits));
        expect(atOnce(endOfLongValue(`${text}"`, 0))).toBe(text.length);
        expect(atOnce(decodeLongString(text)) === JSON.parse(text)).toBe(true);
      }),
      { numRuns: 5 },
    );
  });

  test("names a place without reading all of a long name", () => {
    const replace = vi.spyOn(String.prototype, "replaceAll");
    try {
      const { message } = new JsonError("No.", ["~".repeat(100_000), "b"]);
      expect(message).toBe(`At "/${"~0".repeat(99)}~…": No.`);
      const lengths = replace.mock.contexts.map((context) => String(context).length);
      expect(Math.max(...lengths)).toBeLessThan(1_000);
    } finally {
      replace.mockRestore();
    }
  });

  test("does not look at each digit of a long number, or each character of long whitespace", () => {
    const texts = ["9", "0.", "1e"].map((begin) => `${begin}${"9".repeat(100_000)}`);
    const spaces = " \n".repeat(50_000);
    const looks = vi.spyOn(String.prototype, "charCodeAt");
    try {
      for (const text of [...texts, `[${texts.join()}${spaces}]`]) {
        const scanner = new JsonScanner(`${spaces}${text}${spaces}`);
        scanner.run();
        scanner.requireEnd();
        expect(scanner.compact()).toBe(text.replace(spaces, ""));
      }
      for (const text of texts) expect(endOfValue(`${text}]`, 0)).toBe(text.length);
      expect(looks.mock.calls.length).toBeLessThan(5_000);
    } finally {
      looks.mockRestore();
    }
  });

  test("does not parse a long number of a type other than JSON", async () => {
    const document = "query ($first: Int) { entries(first: $first) { nodes { key } } }";
    const body = `{"query":${quoted(document)},"variables":{"first":0.${"9".repeat(300_000)}}}`;
    expect((await read(body)).variables).toEqual({ first: Number.NaN });
  });
});

describe("G13: reading a message of a WebSocket", () => {
  const message = async (text: string) => readMessage(text, schema, limits) as Record<string, any>;

  test("variables of an operation keep their text", async () => {
    const payload = `{"query":${quoted(transactDocument)},"variables":{"value":${odd}},"extensions":{"a":1.0}}`;
    const read = await message(`{"id":"1","type":"subscribe","payload":${payload}}`);
    expect(read).toMatchObject({ id: "1", type: "subscribe", payload: { extensions: { a: 1 } } });
    expect(read.payload.variables.value).toEqual(new JsonText(odd));
  });

  test("a refused operation does not affect others", async () => {
    const { id, payload } = await message(
      `{"id":"1","type":"subscribe","payload":{"query":${quoted(transactDocument)},"variables":{"value":{"a":1,"a":1}}}}`,
    );
    expect(id).toBe("1");
    expect(payload).toBeInstanceOf(RefusedPayload);
    expect(payload.problem.extensions).toEqual({ code: "BAD_USER_INPUT", argument: "value" });
  });

  test("other messages are unchanged", async () => {
    for (const text of [
      '{"type":"ping" }',
      '{"type": "connection_init","payload":{"a":[1.5]}}',
      '{"id":"1", "type":"complete"}',
    ]) {
      expect(await message(text)).toEqual(JSON.parse(text));
    }
    expect(await message("{")).toBe("");
    expect(await message("[1.0]")).toBe("");
  });
});
