import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Connection } from "./open-socket.ts";

/** Ends operations that graphql-ws has removed, because the caller completed them. */
export function endAbandoned({ extra: { operations }, subscriptions }: Connection): void {
  for (const [id, operation] of operations) if (!(id in subscriptions)) operation.abandon();
}

/** Ends all operations of a closed socket, in turns: thousands of waits can end at the same time. */
export async function endAll({ extra: { operations, userId } }: Connection): Promise<void> {
  for (const operation of operations.values()) {
    if (isLoopHeld()) await nextTurn(userId);
    operation.abandon();
    // The work of its end counts before the next one ends.
    await Promise.resolve();
  }
}
