import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StartError } from "../../src/start-error.ts";
import { parseLine } from "../../src/transfer/parse-line.ts";
import { readExport } from "../../src/transfer/read-export.ts";
import { wholeFile } from "../../src/transfer/whole-file.ts";
import { writeLine } from "../../src/transfer/write-line.ts";
import { exportText, storedEntry } from "./export-text.ts";
import { deepText, jsonText, metadataText, name } from "./json.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "baton-read-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The message with which a file is refused; null if it is accepted. */
async function refusal(content: string | Uint8Array): Promise<string | null> {
  const file = join(folder, "export.ndjson");
  await writeFile(file, content);
  try {
    wholeFile(file, await readExport(file, () => {}));
    return null;
  } catch (error) {
    if (error instanceof StartError) return error.message.replace(file, "it");
    throw error;
  }
}

const tricky = storedEntry({
  key: '","metadata":',
  metadata: '{"value":"}","a":{"value":[1,{}]},"\\"":"\\\\"}',
  value:
    '{"__proto__":1,"10":[],"9":{"metadata":{}},"1e":[1.0,1e400,1234567890123456],"\\ud83d\\ude00":-0}',
  createdBy: "é😀",
});
const kinds = exportText({ begin: 3n, end: 9n }, [
  { kind: "EXISTING", entry: storedEntry({ key: "a" }) },
  { kind: "EXISTING", entry: { ...tricky, namespace: "o", revision: 4n } },
  {
    kind: "SET",
    entry: storedEntry({ key: "b", revision: 5n, createdRevision: 2n, value: deepText }),
  },
  { kind: "DELETED", revision: 6n, namespace: "n", key: "a" },
  { kind: "EXPIRED", revision: 7n, namespace: "o", key: tricky.key },
  { kind: "NAMESPACE_CLEARED", revision: 8n, namespace: "n" },
]);

const deep = (levels: number) => `${"[".repeat(levels)}1${"]".repeat(levels)}`;

test("reads exports of servers with other limits: long names, large values, and the maximum nesting of any server", async () => {
  const long = "x".repeat(100_000);
  const entry = storedEntry({
    key: long,
    createdBy: long,
    metadata: JSON.stringify({ long }),
    value: deep(1_000),
  });
  const lines = exportText({ begin: 1n, end: 1n }, [{ kind: "EXISTING", entry }]);
  expect(await refusal(lines.join(""))).toBeNull();
});

test("reads a line exactly as it was written", () => {
  fc.assert(
    fc.property(
      name,
      name,
      jsonText,
      metadataText,
      fc.option(name),
      (namespace, key, value, metadata, agent) => {
        const entry = storedEntry({
          namespace,
          key,
          value,
          metadata,
          createdBy: agent,
          revision: 2n ** 40n - 1n,
          createdRevision: 2n ** 39n + 1n,
          expiresAt: agent === null ? null : new Date(4_102_444_800_123),
          claimToken: null,
          claimAttempt: 3,
          claimExpiresAt: null,
          isCompleted: agent === null,
          sizeBytes: Buffer.byteLength(key + value + metadata),
        });
        const line = writeLine({ kind: "SET", entry });
        expect(line.match(/\n/g)?.length).toBe(1);
        expect(JSON.parse(line)).toMatchObject({ namespace, key });
        expect(parseLine(Buffer.from(line.slice(0, -1)))).toEqual({ kind: "SET", entry });
      },
    ),
    { numRuns: 300 },
  );
});

const failed = storedEntry({
  key: "k",
  claimAttempt: 3,
  claimMaxAttempts: 3,
  claimFailedAt: new Date(4_102_444_800_123),
  claimError: '{"z":1.0,"a":",\\"metadata\\":{}"}',
  isDeadLettered: true,
  sizeBytes: 4,
});

test("reads the state of work on an entry as it was written; most lines do not contain it", () => {
  const line = writeLine({ kind: "EXISTING", entry: failed });
  expect(parseLine(Buffer.from(line.slice(0, -1)))).toEqual({ kind: "EXISTING", entry: failed });
  const usual = writeLine({ kind: "EXISTING", entry: storedEntry({ key: "k", claimAttempt: 3 }) });
  expect(usual).not.toMatch(/claimMaxAttempts|claimFailedAt|claimError|isDeadLettered/);
});

test.each([
  [/"claimError":"[^,]*/, '"claimError":"{"', /claimError must be the text of a JSON value/],
  [/"claimError":"[^,]*/, '"claimError":" 1"', /claimError must be the text of a JSON value/],
  [/"claimError":"[^,]*/, '"claimError":null', /claimError must be text/],
  [/"claimMaxAttempts":3/, '"claimMaxAttempts":-1', /claimMaxAttempts must be a whole number/],
  [/"isDeadLettered":true/, '"isDeadLettered":1', /isDeadLettered must be true or false/],
])("a line with %s as %s is refused", (part, other, message) => {
  const entry = { ...failed, claimError: '"why"' };
  const line = writeLine({ kind: "EXISTING", entry }).slice(0, -1);
  expect(() => parseLine(Buffer.from(line.replace(part, other)))).toThrow(message);
});

test("refuses to write JSON of several lines, which would damage the file", () => {
  const entry = storedEntry({ key: "k", value: "[1,\n2]" });
  expect(() => writeLine({ kind: "SET", entry })).toThrow("several lines");
});

describe("refuses a file that differs from the export", () => {
  test("but accepts an unchanged file", async () => {
    expect(await refusal(kinds.join(""))).toBeNull();
  });

  test("that is cut off at any place", async () => {
    const whole = Buffer.from(kinds.join(""));
    for (let length = 0; length < whole.length; length += length < 200 ? 1 : 7) {
      const before = whole.subarray(0, length).toString().split("\n").length;
      expect(await refusal(whole.subarray(0, length))).toMatch(
        new RegExp(`^it, line ${before}: The file is not complete`),
      );
    }
    expect(await refusal(whole.subarray(0, -1))).toMatch(/line 8: The file is not complete/);
  });

  test("with any byte changed", async () => {
    const whole = Buffer.from(kinds.join(""));
    for (let place = 0; place < whole.length; place += 5) {
      const damaged = Buffer.from(whole);
      damaged[place] = (damaged[place] as number) ^ 1;
      expect(await refusal(damaged)).toMatch(/^it, line \d: /);
    }
  });

  test("with any line missing or repeated", async () => {
    for (let index = 0; index < kinds.length; index++) {
      const line = kinds[index] as string;
      expect(await refusal(kinds.toSpliced(index, 1).join(""))).toMatch(/^it, line \d: /);
      expect(await refusal(kinds.toSpliced(index, 0, line).join(""))).toMatch(/^it, line \d: /);
    }
  });

  const [, first, second, changed, deleted, , cleared, end] = kinds as string[];
  test.each<[string, number, string | Buffer, RegExp]>([
    ["a line that is not JSON", 2, "{", /line 2: It is not JSON/],
    ["a list", 2, "[]", /line 2: It is not a JSON object/],
    ["another kind", 2, '{"kind":"MOVED"}', /line 2: "MOVED" is not a kind of line/],
    ["bytes that are not text", 2, Buffer.from([0xff]), /line 2: It is not UTF-8/],
    [
      "a newer version",
      1,
      '{"kind":"BATON_EXPORT","version":2,"user":"a","namespacePrefix":"","revision":"3"}',
      /line 1: The export has version 2.*reads version 1/,
    ],
    [
      "no header",
      1,
      '{"kind":"CAUGHT_UP","revision":"1","existing":0,"changes":0,"sha256":""}',
      /line 1: The file is not an export of Baton/,
    ],
    ["an empty line", 2, "", /line 2: It is not JSON/],
    [
      "an entry without metadata",
      2,
      first!.replace('"metadata":{},', ""),
      /line 2: metadata is missing/,
    ],
    [
      "an entry without value",
      2,
      first!.replace(',"value":1', ""),
      /line 2: metadata, an object, and value/,
    ],
    ["metadata that is not an object", 2, first!.replace("{},", "[],"), /line 2: metadata/],
    ["metadata that is cut off", 2, first!.replace("{},", "{,"), /line 2: metadata/],
    [
      "a value that is not JSON",
      3,
      second!.replace("-0}}", "-}}"),
      /line 3: value: It is not JSON/,
    ],
    [
      "a value that is too deep to be read later",
      3,
      second!.replace("-0}}", `${deep(100_000)}}}`),
      /line 3: value: JSON can be nested at most 1000 levels deep/,
    ],
    [
      "metadata that is too deep",
      2,
      first!.replace("{},", `{"a":${deep(1_000)}},`),
      /line 2: metadata: JSON can be nested at most 1000 levels deep/,
    ],
    [
      "a member twice",
      2,
      first!.replace('"value":1', '"value":{"a":1,"a":1}'),
      /line 2: value: At "\/a": The member "a" appears more than once/,
    ],
    [
      "half a character in the metadata",
      2,
      first!.replace("{},", '{"a":"\\ud800"},'),
      /line 2: metadata: At "\/a": A string holds half/,
    ],
    ["two values", 2, first!.replace("1}\n", '1,"value":2}\n'), /line 2: value: It is not JSON/],
    ["an empty key", 2, first!.replace('"key":"a"', '"key":""'), /line 2: key: .*empty/],
    [
      "a key that is a number",
      2,
      first!.replace('"key":"a"', '"key":1'),
      /line 2: key must be text/,
    ],
    [
      "a control character",
      2,
      first!.replace('"key":"a"', '"key":"\\u0000"'),
      /line 2: key: .*control/,
    ],
    [
      "half a character",
      2,
      first!.replace('"key":"a"', '"key":"\\ud800"'),
      /line 2: key: .*surrogate/,
    ],
    [
      "a revision that is a number",
      2,
      first!.replace('"revision":"1"', '"revision":1'),
      /line 2: revision must be/,
    ],
    [
      "a revision that is too large",
      2,
      first!.replace('"revision":"1"', `"revision":"${2n ** 40n}"`),
      /line 2: revision must be/,
    ],
    [
      "a creation that is later than the write",
      2,
      first!.replace('"createdRevision":"1"', '"createdRevision":"2"'),
      /line 2: createdRevision/,
    ],
    [
      "an invalid time",
      2,
      first!.replace("2026-01-31T12", "2026-02-31T12"),
      /line 2: createdAt must be/,
    ],
    [
      "an invalid flag",
      2,
      first!.replace('"isCompleted":false', '"isCompleted":0'),
      /line 2: isCompleted/,
    ],
    [
      "entries in another order",
      3,
      first!.replace('"key":"a"', '"key":"A"'),
      /line 3: Entries must be in the order/,
    ],
    ["an entry twice", 3, first!, /line 3: Entries must be in the order/],
    ["an entry after a change", 5, second!, /line 5: EXISTING must come before/],
    [
      "changes in another order",
      5,
      deleted!.replace('"6"', '"5"'),
      /line 5: Changes must be in the order/,
    ],
    [
      "a change from before the beginning",
      4,
      changed!.replace('"revision":"5"', '"revision":"3"'),
      /line 4: Changes must be in/,
    ],
    [
      "a cleared namespace without a name",
      7,
      cleared!.replace('"n"', "null"),
      /line 7: namespace must be text/,
    ],
    [
      "an entry beyond the end",
      3,
      second!.replace('"revision":"4"', '"revision":"10"'),
      /line 8: The digest/,
    ],
    [
      "another count",
      8,
      end!.replace('"existing":2', '"existing":3'),
      /line 8: It counts 3 entries/,
    ],
    [
      "another digest",
      8,
      end!.replace(/"sha256":"../, '"sha256":"zz'),
      /line 8: The digest does not match/,
    ],
    ["a line after the end", 9, end!, /line 9: CAUGHT_UP must be the last/],
  ])("%s", async (_name, number, line, message) => {
    const text = typeof line === "string" ? Buffer.from(`${line.trimEnd()}\n`) : line;
    const before = Buffer.from(kinds.slice(0, number - 1).join(""));
    const after = Buffer.from(kinds.slice(number).join(""));
    const ended = typeof line === "string" ? text : Buffer.concat([text, Buffer.from("\n")]);
    expect(await refusal(Buffer.concat([before, ended, after]))).toMatch(message);
  });
});
