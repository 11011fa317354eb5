import { afterEach, describe, expect, test, vi } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { JsonText } from "../../src/json/json-text.ts";
import { decodeCursor } from "../../src/schema/connection.ts";
import { schema } from "../../src/schema/schema.ts";
import { checkKey, checkSearch, checkValue } from "../../src/store/model/limits.ts";
import { readOperation } from "../../src/transport/read-operation.ts";

const limits = { ...defaultConfig(), maxValueBytes: 10_000_000 };

/** What a check throws. */
function refusal(check: () => unknown): unknown {
  try {
    check();
  } catch (error) {
    return error;
  }
  throw new Error("It was not refused.");
}

// One operation can use a variable under hundreds of aliases, all in one turn of the event loop.
describe("G14: a long text that many fields share", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("is refused by its length, without a look at its characters", () => {
    const measure = vi.spyOn(Buffer, "byteLength");
    const decode = vi.spyOn(Buffer, "from");
    const long = "\u4e00".repeat(1_000_000);
    const json = new JsonText(`"${long}"`);
    for (const [limit, check] of [
      ["maxKeyBytes", () => checkKey(limits, "key", long)],
      ["maxSearchBytes", () => checkSearch(limits, "text", long)],
      ["maxValueBytes", () => checkValue({ ...limits, maxValueBytes: 9 }, "value", json)],
    ] as const) {
      expect(refusal(check)).toMatchObject({
        message: expect.stringContaining("this one has at least 100000"),
        extensions: { code: "LIMIT_EXCEEDED", limit },
      });
    }
    expect(refusal(() => decodeCursor(long, 1))).toMatchObject({
      extensions: { code: "BAD_USER_INPUT", argument: "after" },
    });
    expect(measure).not.toHaveBeenCalled();
    expect(decode).not.toHaveBeenCalled();
  });

  test("is measured once as JSON, and on the way if it is long", async () => {
    const nested = `${"[".repeat(60)}${"[],".repeat(30_000)}0${"]".repeat(60)}`;
    const short = new JsonText(nested);
    checkValue(limits, "value", short);
    const query = JSON.stringify(
      "query ($v: JSON) { a: entries(where: [{ op: EQ, value: $v }]) { nodes { key } } }",
    );
    const body = `{"query":${query},"variables":{"v":[${nested},${nested},${nested}]}}`;
    const { variables } = await readOperation(body, schema, limits);
    const read = vi.spyOn(String.prototype, "charCodeAt");
    const measure = vi.spyOn(Buffer, "byteLength");
    const long = variables?.v as JsonText;
    expect([checkValue(limits, "value", short), checkValue(limits, "value", long)]).toEqual([
      short.text,
      long.text,
    ]);
    expect([short.depth, long.depth]).toEqual([61, 62]);
    checkValue(limits, "value", long);
    expect(read).not.toHaveBeenCalled();
    expect(measure).toHaveBeenCalledTimes(1);
  });
});
