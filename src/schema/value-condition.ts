import { valueOperators } from "../store/model/where.ts";
import { builder } from "./builder.ts";

const valueOperator = builder.enumType("ValueOperator", {
  description: "How a part of a value is compared.",
  values: {
    EQ: {
      value: valueOperators[0],
      description:
        "It is there and equal: numbers by their exact values (`1` is `1.0`), strings by their characters, arrays item by item, objects by their members in any order.",
    },
    NE: { value: valueOperators[1], description: "Not `EQ`: also where it is not there." },
    GT: {
      value: valueOperators[2],
      description:
        "It is greater. Numbers compare with numbers, exactly, and strings with strings, by their code points. Other types have no order, so that they do not match.",
    },
    GTE: { value: valueOperators[3], description: "It is greater or equal, as `GT`." },
    LT: { value: valueOperators[4], description: "It is less, as `GT`." },
    LTE: { value: valueOperators[5], description: "It is less or equal, as `GT`." },
    EXISTS: {
      value: valueOperators[6],
      description: "It is there, whatever it is, also null. With `value: false`: it is not there.",
    },
  } as const,
});

/** What must hold of an entry's value. */
export const valueCondition = builder.inputType("ValueCondition", {
  description: "What must hold of a part of an entry's value.",
  fields: (t) => ({
    path: t.string({
      required: true,
      defaultValue: "",
      description:
        "Where the part is inside the value, as a JSON Pointer (RFC 6901) such as `/author/name` or `/items/0`. Empty: the value itself.",
    }),
    op: t.field({ type: valueOperator, required: true, description: "How it is compared." }),
    value: t.field({
      type: "JSON",
      description:
        "What it is compared with: any JSON value for `EQ` and `NE`, a number or a string for those with an order, and `true` or `false` for `EXISTS`, where it may be left out. At most `maxMetadataBytes`.",
    }),
  }),
});

export const whereDescription =
  "Only entries whose value meets all of these conditions, at most `maxWhereConditions`.";
