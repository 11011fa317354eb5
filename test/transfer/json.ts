import fc from "fast-check";

// Values that are easily lost or changed by another parser, another database or another order of members.

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("\u0000", "\u2028", '","metadata":', '\\","value":', "}\n{", "\uFFFF😀"),
);

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 5e-324, 1.7976931348623157e308, 1e21, 2 ** 53, -(2 ** 63), 0.1 + 0.2),
);

const member = fc.oneof(
  text,
  fc.constantFrom("__proto__", "constructor", "toJSON", "10", "9", "-1", "01", "metadata", "value"),
);

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie("json"), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(member, tie("json")), { maxLength: 4, selector: ([name]) => name })
      .map((members) => Object.fromEntries(members)),
  ),
}));

/** JSON text in the form of the store. JavaScript would write much of it in another form. */
export const jsonText = fc.oneof(
  { weight: 4, arbitrary: json.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "1.0",
      "-0",
      "[1e400,12345678901234567890]",
      '{"b":1,"1":{"__proto__":0.10}}',
      '"\\u00e9\\/"',
    ),
  },
);

export const metadataText = fc
  .uniqueArray(fc.tuple(member, json), { maxLength: 3, selector: ([name]) => name })
  .map((members) => JSON.stringify(Object.fromEntries(members)));

/** A value with the maximum nesting. */
export const deepText = `${'{"a":['.repeat(31)}1${"]}".repeat(31)}`;

/** Names of namespaces, keys and agents. */
export const name = fc.oneof(
  fc
    .string({ unit: "binary", minLength: 1, maxLength: 6 })
    .filter((found) => found.isWellFormed() && !/\p{Cc}/u.test(found)),
  fc.constantFrom("a", "b", "B", "é", "\uFFFF", "😀", '","metadata":', "__proto__", "\\", '"'),
);
