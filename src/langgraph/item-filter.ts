/** A condition of Baton's filter by value. */
export interface ValueCondition {
  readonly path: string;
  readonly op: "EQ" | "NE" | "GT" | "GTE" | "LT" | "LTE" | "EXISTS";
  readonly value?: unknown;
}

/** A filter of items: the conditions for the server, and the remaining ones for this process. */
export interface ItemFilter {
  readonly where: readonly ValueCondition[];
  readonly isWanted: (value: unknown) => boolean;
}

const ordered = { $gt: "GT", $gte: "GTE", $lt: "LT", $lte: "LTE" } as const;

/**
 * Reads a filter of LangGraph's stores: members with an equal value, or with operators. Numbers are compared with
 * numbers, and strings with strings. An object selects values that contain its members.
 *
 * @throws Error for an unknown operator
 */
export function itemFilter(filter: Readonly<Record<string, unknown>> = {}): ItemFilter {
  const where: ValueCondition[] = [];
  const choices: { readonly path: readonly string[]; readonly values: readonly unknown[] }[] = [];
  const add = (path: readonly string[], wanted: unknown): void => {
    const pointer = path
      .map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)
      .join("");
    if (wanted === undefined) {
      where.push({ path: pointer, op: "EXISTS", value: false });
    } else if (!isObject(wanted)) {
      where.push({ path: pointer, op: "EQ", value: wanted });
    } else if (Object.keys(wanted).some((name) => name.startsWith("$"))) {
      for (const [operator, value] of Object.entries(wanted))
        addOperator(path, pointer, operator, value);
    } else {
      for (const [name, value] of Object.entries(wanted)) add([...path, name], value);
    }
  };
  const addOperator = (
    path: readonly string[],
    pointer: string,
    operator: string,
    value: unknown,
  ) => {
    switch (operator) {
      case "$eq":
        where.push({ path: pointer, op: "EQ", value });
        return;
      case "$ne":
        where.push({ path: pointer, op: "NE", value });
        return;
      case "$gt":
      case "$gte":
      case "$lt":
      case "$lte":
        where.push({ path: pointer, op: ordered[operator], value });
        return;
      case "$in":
        choices.push({ path, values: Array.isArray(value) ? value : [] });
        return;
      case "$nin":
        if (!Array.isArray(value)) return;
        where.push(
          ...value.map((one: unknown) => ({ path: pointer, op: "NE", value: one }) as const),
        );
        return;
      default:
        throw new Error(
          `Unsupported operator ${operator}. Use $eq, $ne, $gt, $gte, $lt, $lte, $in or $nin.`,
        );
    }
  };
  for (const [name, wanted] of Object.entries(filter)) add([name], wanted);
  return {
    where,
    isWanted: (value) => choices.every(({ path, values }) => values.includes(partOf(value, path))),
  };
}

function partOf(value: unknown, path: readonly string[]): unknown {
  let part = value;
  for (const name of path)
    part = isObject(part) && Object.hasOwn(part, name) ? part[name] : undefined;
  return part;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
