import type { AnsweredChange } from "./change.ts";
import type { Connection, Operation } from "./connection.ts";
import { entryChangedDocument } from "./documents.ts";
import { badResponse } from "./errors.ts";
import type { StoreWatchOptions } from "./watch.ts";

/** Which changes, and from where. */
export type Following = { readonly bookmarks?: boolean } & Omit<StoreWatchOptions, "signal">;

/** The subscription to what matches. */
export function followOperation(following: Following): Operation {
  return { document: entryChangedDocument, variables: { ...following } };
}

/**
 * The changes of one connection, with null for each sign of life, until the server ends it or the connection is lost.
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
