import type { GraphQLResolveInfo } from "graphql";
import type { Context } from "./context.ts";
import { largestEntries, type Sized } from "../store/response-budget.ts";
import { selectsField } from "./selected-fields.ts";

/**
 * Does a write, as one whose answer shows entries if the operation asks for them.
 * @param field of the payload, which shows them
 * @param namespaces of what it shows
 * @param maxEntries how many it may show
 * @throws what the write throws, and `ResponseBudget.showWritten`
 */
export function showWritten<R>(
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
