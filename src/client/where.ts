import { requireJson } from "./json.ts";

/** A condition on a part of an entry's value. */
export interface ValueCondition {
  /** JSON Pointer of the part, such as `/author/name`. Default: the whole value. */
  readonly path?: string | undefined;
  /**
   * `"EQ"`: the part exists and is equal; numbers are compared by their exact values. `"NE"`: the part is not equal or
   * does not exist. `"GT"`, `"GTE"`, `"LT"`, `"LTE"`: compare numbers with numbers, and strings with strings by code
   * points. `"EXISTS"`: the part exists; with `value: false`, it does not exist.
   */
  readonly op: "EQ" | "NE" | "GT" | "GTE" | "LT" | "LTE" | "EXISTS";
  /** The value to compare with. Default for `"EXISTS"`: true. */
  readonly value?: unknown;
}

/** Selects entries by their values. */
export interface WhereOptions {
  /** Only entries whose value meets all of these conditions. Default: any value. */
  readonly where?: readonly ValueCondition[] | undefined;
}

/** Checks the conditions and returns them as they are sent. */
export function whereInput(where: WhereOptions["where"]): WhereOptions["where"] {
  where?.forEach(({ value }, index) => {
    if (value !== undefined) requireJson(`where.${index}.value`, value);
  });
  return where;
}
