import type { GraphQLResolveInfo } from "graphql";
import type { Context } from "./context.ts";
import { selectsField } from "./selected-fields.ts";

/**
 * Does a write, as one whose answer shows entries if the operation asks for them.
 * @param field of the payload, which shows them
 * @throws what the write throws, and `ResponseBudget.showWritten`
 */
export function showWritten<R>(
  info: GraphQLResolveInfo,
  { viewer, budget }: Context,
  field: string,
  write: () => Promise<R>,
  entriesOf: (result: R) => Iterable<{ readonly sizeBytes: number } | null>,
): Promise<R> {
  return selectsField(info, field) ? budget.showWritten(viewer, write, entriesOf) : write();
}
