import type { GraphQLResolveInfo } from "graphql";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { fieldsOfItem } from "./selected-fields.ts";

/** The number of fields that are executed in one piece: a few milliseconds of work, and some 30 ms if each of them fails. */
const fieldsPerPiece = 1_000;

interface Caller {
  readonly viewer: Viewer;
}

/** The number of fields in the lists that each operation has passed. */
const passed = new WeakMap<Caller, number>();

/**
 * Passes a list to GraphQL in pieces, so that other users' requests run in between. GraphQL executes the fields of all
 * items that are present in one run of the event loop; an item that is a promise is executed when the promise resolves.
 * A short list is passed unchanged. If the operation has passed the fields of a piece in other lists, the list can wait
 * for the next turn.
 */
export function listInPieces<T>(
  items: readonly T[],
  context: Caller,
  info: GraphQLResolveInfo,
): (T | Promise<T>)[] | Promise<(T | Promise<T>)[]> {
  const fields = Math.max(1, fieldsOfItem(info));
  const before = passed.get(context) ?? 0;
  passed.set(context, before + items.length * fields);
  const { userId } = context.viewer;
  if (before < fieldsPerPiece || !isLoopHeld()) return inPieces(items, fields, userId);
  return nextTurn(userId).then(() => inPieces(items, fields, userId));
}

function inPieces<T>(items: readonly T[], fields: number, userId: string): (T | Promise<T>)[] {
  const perPiece = Math.max(1, Math.floor(fieldsPerPiece / fields));
  if (items.length <= perPiece) return [...items];
  let turn: Promise<unknown> = Promise.resolve();
  return items.map((item, index) => {
    if (index < perPiece) return item;
    if (index % perPiece === 0) {
      turn = turn.then(() => (isLoopHeld() ? nextTurn(userId) : undefined));
    }
    return turn.then(() => item);
  });
}
