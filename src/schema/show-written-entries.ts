import type { GraphQLResolveInfo } from "graphql";
import type { Context } from "./context.ts";
import { largestEntries, type Sized } from "../store/response-budget.ts";
import { selectsField } from "./selected-fields.ts";

/**
 * Does a write whose response shows entries, if the operation selects them.
 * @param field of the payload that shows the entries
 * @param namespaces of the entries
 * @param maxEntries the largest number of entries that the response can show
 * @throws the errors of the write, and those of `ResponseBudget.showWritten`
 */
export function showWrittenEntries<R>(
  info: GraphQLResolveInfo,
  { viewer, budget, store }: Context,
  field: string,
  namespaces: Iterable<string>,
  maxEntries: number,
  write: () => Promise<R>,
  entriesOf: (result: R) => Iterable<Sized>,
): Promise<R> {
  if (!selectsField(info, field)) return write();
  const largest = largestEntries(store.limits, maxEntries);
  return budget.showWritten(viewer, namespaces, largest, write, entriesOf);
}
