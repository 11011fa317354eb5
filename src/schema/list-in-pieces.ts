import type { GraphQLResolveInfo } from "graphql";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { fieldsOfItem } from "./selected-fields.ts";

/** The number of fields that are executed in one piece: a few milliseconds of work. */
const fieldsPerPiece = 3_000;

/**
 * Passes a list to GraphQL in pieces, so that other users' requests run in between. GraphQL executes the fields of all
 * items that are present in one run of the event loop; an item that is a promise is executed when the promise resolves.
 * A short list is passed unchanged.
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
