import type { Database } from "../store/contract.ts";
import { badUserInput, unavailable } from "../errors.ts";
import type { Selection } from "../store/model/change.ts";
import type { Place } from "../store/model/place.ts";
import type { Entry } from "../store/model/entry.ts";
import { exact } from "../store/model/text-match.ts";
import type { Hub } from "./hub.ts";

export interface Wait {
  readonly userId: string;
  /** Ends the wait with its reason, an error. */
  readonly ended: AbortSignal;
  readonly place: Place;
  /** Only a later revision counts. */
  readonly after: bigint;
  readonly timeoutMs: number;
  /** Ends it when the caller is gone. */
  readonly closed: AbortSignal | null;
}

/**
 * The entry, as soon as there is one: woken by the hub, without polling, however many wait.
 * @returns null at the timeout
 * @throws UNAVAILABLE when the server is stopping or can't reach its database
 */
export async function awaitEntry(
  source: Pick<Database, "readEntry" | "readLogEnds">,
  hub: Hub,
  { userId, ended, place, after, timeoutMs, closed }: Wait,
): Promise<Entry | null> {
  const { head } = await source.readLogEnds(userId);
  if (after > head) {
    throw badUserInput(
      "after",
      `Revision ${after} is later than the latest of this store, ${head}.`,
    );
  }
  const selection: Selection = { namespaces: [exact(place.namespace)], keys: exact(place.key) };
  const subscriber = hub.attach(userId, ended, selection, head);
  let isOver = false;
  const end = () => {
    isOver = true;
    subscriber.close();
  };
  const timer = setTimeout(end, timeoutMs);
  closed?.addEventListener("abort", end, { once: true });
  if (closed?.aborted) end();
  try {
    for (;;) {
      subscriber.collect();
      const entry = await source.readEntry(userId, place);
      if (entry && entry.revision > after) return entry;
      for (;;) {
        // What the log held before the entry was read is in what was read, gone again, perhaps.
        const next = await subscriber.next(head);
        if (next === null) {
          if (isOver) return null;
          throw unavailable("The server is stopping. Ask again.");
        }
        if (next.kind === "read-log") break;
        const { entry: written } = next.change;
        if (written?.expiresAt === null) return written;
        // It may have taken longer to get here than the entry lives: the database knows.
        if (written) break;
      }
    }
  } finally {
    clearTimeout(timer);
    closed?.removeEventListener("abort", end);
    subscriber.close();
  }
}
