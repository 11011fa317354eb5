import type { AnsweredChange } from "./change.ts";
import type { Connection, Operation } from "./connection.ts";
import { entryChangedDocument } from "./documents.ts";
import { badResponse } from "./errors.ts";
import type { StoreWatchOptions } from "./watch.ts";

/** Selects the changes to follow and the position to start from. */
export type Following = { readonly bookmarks?: boolean } & Omit<StoreWatchOptions, "signal">;

/** Builds the subscription operation. */
export function followOperation(following: Following): Operation {
  return { document: entryChangedDocument, variables: { ...following } };
}

/**
 * Yields the changes of one connection, and null for each heartbeat, until the server ends the subscription or the
 * connection is lost.
 * @throws BAD_RESPONSE for an event that is not a change
 */
export async function* follow(
  connection: Connection,
  following: Following,
  signal: AbortSignal,
): AsyncGenerator<AnsweredChange | null, void> {
  const operation = followOperation(following);
  for await (const event of connection.stream<{ entryChanged?: AnsweredChange }>(
    operation,
    signal,
  )) {
    yield event && changeIn(event, connection);
  }
}

function changeIn(event: { entryChanged?: AnsweredChange }, connection: Connection) {
  const change = event.entryChanged;
  if (typeof change?.kind === "string" && /^\d+$/.test(change.revision)) return change;
  throw badResponse(`${connection.name} sent an event that is not a change.`);
}
