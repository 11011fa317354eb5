import { lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";
import "./scalars.ts";
import "./entry.ts";
import "./entry-mutations.ts";
import "./transact.ts";
import "./claim.ts";
import "./release-claim.ts";
import "./claims.ts";
import "./dead-letter.ts";
import "./change.ts";
import "./namespace.ts";
import "./search.ts";
import "./viewer.ts";
import "./token.ts";

export const schema = builder.toSchema();

/** The content of `schema.graphql`. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
