import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonText } from "../../src/json/json-text.ts";
import { writeJson } from "../../src/json/write-json.ts";
import { writeLongJson } from "../../src/json/write-long-json.ts";
import { atOnce } from "../../src/in-steps.ts";

test("the parts of a long text form the same text as writeJson returns", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noNegativeZero: true } as never), fc.string(), (value, text) => {
      const odd = {
        value,
        text: new JsonText(JSON.stringify(text)),
        gone: undefined,
        at: new Date(0),
      };
      for (const one of [odd, [odd, [], {}], value]) {
        expect(atOnce(writeLongJson(one)).join("")).toBe(writeJson(one));
      }
    }),
  );
});

test("a part is not much longer than 64 Ki units, unless it is one value", () => {
  const large = new JsonText(JSON.stringify("x".repeat(300_000)));
  const items = Array.from({ length: 50_000 }, (_, index) => ({ index, name: `item ${index}` }));
  const steps = writeLongJson({ large, items, more: [large, large] });
  let yields = 0;
  for (;;) {
    const { done, value } = steps.next();
    if (!done) {
      yields++;
      continue;
    }
    const lengths = value.map(({ length }) => length);
    expect(lengths.filter((length) => length > 70_000)).toEqual([300_002, 300_002, 300_002]);
    expect(value.join("")).toBe(writeJson({ large, items, more: [large, large] }));
    break;
  }
  expect(yields).toBeGreaterThan(15);
});
