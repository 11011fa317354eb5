import { initGraphQLTada, type TadaDocumentNode } from "gql.tada";
import type { introspection } from "./graphql-env.d.ts";

/** Any JSON value. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Creates a GraphQL document with the types of its variables and of its response. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { JSON: Json; DateTime: string; Revision: `${bigint}` };
}>();

/** The fields of a response that the schema does not have. gql.tada makes them `unknown`. */
type UnknownField<Data> = Json extends Data
  ? never
  : Data extends readonly (infer Item)[]
    ? UnknownField<Item>
    : Data extends object
      ? {
          [Name in keyof Data]: unknown extends Data[Name] ? Name : UnknownField<Data[Name]>;
        }[keyof Data]
      : never;

/** A document that selects only existing fields. */
export type Document<Data, Variables> = TadaDocumentNode<Data, Variables> &
  ([UnknownField<Data>] extends [never]
    ? unknown
    : { readonly "The schema has no field": UnknownField<Data> });
