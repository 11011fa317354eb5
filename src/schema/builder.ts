import SchemaBuilder from "@pothos/core";
import ComplexityPlugin from "@pothos/plugin-complexity";
import { limitExceeded } from "../errors.ts";
import type { JsonText } from "../json/json-text.ts";
import type { Context } from "./context.ts";

/** The schema builder. The other files of this folder define the types, each with its queries and mutations. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    JSON: { Input: JsonText; Output: JsonText };
    DateTime: { Input: Date; Output: Date };
    Revision: { Input: bigint; Output: bigint };
  };
}>({
  defaultFieldNullability: false,
  plugins: [ComplexityPlugin],
  complexity: {
    defaultComplexity: 1,
    // A list of objects must declare its size. Until it does, no operation can select it.
    defaultListMultiplier: Number.POSITIVE_INFINITY,
    limit: ({ store, isWithinComplexity }) =>
      isWithinComplexity ? {} : { complexity: store.limits.maxQueryComplexity },
    complexityError: (_kind, { complexity, maxComplexity = 0 }) =>
      limitExceeded(
        "maxQueryComplexity",
        maxComplexity,
        `The operation selects up to ${complexity} fields, more than ${maxComplexity}. Use smaller pages or fewer nested lists.`,
      ),
  },
});

builder.queryType({
  description: "Reads the current entries, the log of changes, and the work on claimed entries.",
});
builder.mutationType({
  description:
    "Changes the store. A mutation applies completely or not at all. A response without an error means that it is committed.",
});
builder.subscriptionType({ description: "Follows the store live." });
