import { requireJson } from "./json.ts";

/** What must hold of a part of an entry's value. */
export interface ValueCondition {
  /** Where the part is inside the value, as a JSON Pointer such as `/author/name`. Default: the value itself. */
  readonly path?: string | undefined;
  /**
   * `"EQ"`: it is there and equal, numbers by their exact values. `"NE"`: not so, also where it is not there. `"GT"`, `"GTE"`,
   * `"LT"`, `"LTE"`: numbers among numbers, strings among strings by their code points. `"EXISTS"`: it is there; with
   * `value: false`, it is not.
   */
  readonly op: "EQ" | "NE" | "GT" | "GTE" | "LT" | "LTE" | "EXISTS";
  /** What it is compared with. Of `"EXISTS"` default: true. */
  readonly value?: unknown;
}

/** What a list or a watch selects by values. */
export interface WhereOptions {
  /** Only entries whose value meets all of these conditions. Default: any value. */
  readonly where?: readonly ValueCondition[] | undefined;
}

/** The conditions as they are sent. */
export function whereInput(where: WhereOptions["where"]): WhereOptions["where"] {
  where?.forEach(({ value }, index) => {
    if (value !== undefined) requireJson(`where.${index}.value`, value);
  });
  return where;
}
