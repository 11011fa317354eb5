import type { GraphQLResolveInfo } from "graphql";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { fieldsOfItem } from "./selected-fields.ts";

/** How many fields are executed in one piece: some milliseconds of work. */
const fieldsPerPiece = 3_000;

/**
 * Gives a list to GraphQL in pieces, between which other users have their turns. GraphQL executes the fields of all items
 * that are there in one go; an item that is a promise is executed when that resolves. A list with few fields is given as
 * it is.
 */
export function listInPieces<T>(
  items: readonly T[],
  { viewer }: { readonly viewer: Viewer },
  info: GraphQLResolveInfo,
): (T | Promise<T>)[] {
  const perPiece = Math.max(1, Math.floor(fieldsPerPiece / Math.max(1, fieldsOfItem(info))));
  if (items.length <= perPiece) return [...items];
  let turn: Promise<unknown> = Promise.resolve();
  return items.map((item, index) => {
    if (index < perPiece) return item;
    if (index % perPiece === 0) {
      turn = turn.then(() => (isLoopHeld() ? nextTurn(viewer.userId) : undefined));
    }
    return turn.then(() => item);
  });
}
