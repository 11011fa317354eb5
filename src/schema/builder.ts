import SchemaBuilder from "@pothos/core";
import ComplexityPlugin from "@pothos/plugin-complexity";
import { limitExceeded } from "../errors.ts";
import type { JsonText } from "../json/json-text.ts";
import type { Context } from "./context.ts";

/** The one builder; the types are defined in the files beside it, each with its queries, mutations and subscriptions. */
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
    // Lists are counted by the `first` of the connection they belong to.
    defaultListMultiplier: 1,
    limit: ({ store, isWithinComplexity }) =>
      isWithinComplexity ? {} : { complexity: store.limits.maxQueryComplexity },
    complexityError: (_kind, { complexity, maxComplexity = 0 }) =>
      limitExceeded(
        "maxQueryComplexity",
        maxComplexity,
        `The operation asks for up to ${complexity} fields, more than ${maxComplexity}. Use smaller pages or fewer nested lists.`,
      ),
  },
});

builder.queryType({
  description: "What the store holds now, and the log of how it came to be.",
});
builder.mutationType({
  description:
    "Changes of the store. Each applies whole or not at all; when it answers without an error it is committed.",
});
builder.subscriptionType({ description: "The store, live." });
