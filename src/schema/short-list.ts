import type { GraphQLResolveInfo } from "graphql";
import type { Context } from "./context.ts";
import { listInPieces } from "./list-in-pieces.ts";
import { fieldsOfItem } from "./selected-fields.ts";

/** The memory of one field of an item, in addition to its text. */
const fieldBytes = 64;

/**
 * Passes a list that is not paged to GraphQL. It reads nothing, so one operation can show it thousands of times. Each
 * time, its texts count in the size of the response.
 *
 * @param textBytes the size of the texts of all items
 * @throws LIMIT_EXCEEDED, RATE_LIMITED if the response is too large
 */
export function shortList<T>(
  items: readonly T[],
  textBytes: number,
  context: Pick<Context, "budget" | "viewer">,
  info: GraphQLResolveInfo,
): (T | Promise<T>)[] | Promise<(T | Promise<T>)[]> {
  const fields = Math.max(1, fieldsOfItem(info));
  context.budget.spendTexts(fields * (textBytes + items.length * fieldBytes));
  return listInPieces(items, context, info);
}
