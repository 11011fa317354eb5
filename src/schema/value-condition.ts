import { valueOperators } from "../store/model/where.ts";
import { builder } from "./builder.ts";

const valueOperator = builder.enumType("ValueOperator", {
  description: "How a part of a value is compared.",
  values: {
    EQ: {
      value: valueOperators[0],
      description:
        "The part exists and is equal. Numbers are compared by their exact values (`1` equals `1.0`), strings by their characters, arrays item by item, and objects by their members in any order.",
    },
    NE: {
      value: valueOperators[1],
      description: "The opposite of `EQ`. It also holds if the part does not exist.",
    },
    GT: {
      value: valueOperators[2],
      description:
        "The part is greater. Numbers are compared exactly with numbers, and strings with strings by their code points. Other types, and different types, do not match.",
    },
    GTE: {
      value: valueOperators[3],
      description: "The part is greater or equal; compared like `GT`.",
    },
    LT: { value: valueOperators[4], description: "The part is less; compared like `GT`." },
    LTE: {
      value: valueOperators[5],
      description: "The part is less or equal; compared like `GT`.",
    },
    EXISTS: {
      value: valueOperators[6],
      description:
        "The part exists, with any value, including null. With `value: false`: the part does not exist.",
    },
  } as const,
});

/** A condition on an entry's value. */
export const valueCondition = builder.inputType("ValueCondition", {
  description: "A condition on a part of an entry's value.",
  fields: (t) => ({
    path: t.string({
      required: true,
      defaultValue: "",
      description:
        "The part of the value, as a JSON Pointer (RFC 6901) such as `/author/name` or `/items/0`. Empty: the whole value.",
    }),
    op: t.field({ type: valueOperator, required: true, description: "How it is compared." }),
    value: t.field({
      type: "JSON",
      description:
        "The value to compare with: any JSON value for `EQ` and `NE`; a number or a string for `GT`, `GTE`, `LT` and `LTE`; `true` (default) or `false` for `EXISTS`. At most `maxMetadataBytes`.",
    }),
  }),
});

export const whereDescription =
  "Only entries whose value meets all of these conditions, at most `maxWhereConditions`.";
