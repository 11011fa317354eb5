import type { GraphQLResolveInfo } from "graphql";
import { requireScope, type Viewer } from "../store/model/viewer.ts";
import type { Context } from "./context.ts";
import { selectsField } from "./selected-fields.ts";

/**
 * For a field that shows what was there before a write.
 * @throws FORBIDDEN before the write, when the operation asks for the field and its token may not read
 */
export function requireReadFor(info: GraphQLResolveInfo, name: string, viewer: Viewer): void {
  if (selectsField(info, name)) requireScope(viewer, "read");
}

type Sized = { readonly sizeBytes: number } | null;

/**
 * Does a write, and counts the entries of its answer if the operation asks for them.
 * @param field of the payload, which shows them
 * @throws FORBIDDEN, LIMIT_EXCEEDED, RATE_LIMITED before the write, when it may not ask, or has been given too much
 */
export async function writeAndShow<R>(
  info: GraphQLResolveInfo,
  { viewer, responseBudget }: Context,
  field: string,
  write: () => Promise<R>,
  entriesOf: (result: R) => Iterable<Sized>,
): Promise<R> {
  if (!selectsField(info, field)) return write();
  requireScope(viewer, "read");
  responseBudget.requireRoom();
  const result = await write();
  responseBudget.count(entriesOf(result));
  return result;
}
