import type { Database } from "../store/contract.ts";
import { badUserInput, unavailable } from "../errors.ts";
import { requireEpoch } from "../store/model/log.ts";
import type { Place } from "../store/model/place.ts";
import type { Entry } from "../store/model/entry.ts";
import { EntryWait } from "./entry-waits.ts";
import type { Hub } from "./hub.ts";

export interface Wait {
  readonly userId: string;
  /** The wait ends with this signal's error when the session does. */
  readonly ended: AbortSignal;
  readonly place: Place;
  /** Only a later revision counts. */
  readonly after: bigint;
  /** The history in which that revision was seen; null: not checked. */
  readonly epoch: string | null;
  readonly timeoutMs: number;
  /** Ends the wait when the caller is gone. */
  readonly closed: AbortSignal | null;
}

/**
 * Returns the entry as soon as it exists: woken by the hub, without polling, however many wait.
 *
 * 1. Follow the log, so that nothing is missed from here on.
 * 2. Read the head, then the entry: what the log held up to the head is in what was read.
 * 3. Wait for a later change of the entry. One that can't have expired meanwhile is the answer; otherwise read again.
 *
 * @returns null at the timeout
 * @throws UNAVAILABLE when the server is stopping or can't reach its database
 */
export async function awaitEntry(
  source: Pick<Database, "readEntry" | "readLogEnds">,
  hub: Hub,
  { userId, ended, place, after, epoch, timeoutMs, closed }: Wait,
): Promise<Entry | null> {
  const wait = new EntryWait(hub, userId, place, ended);
  const end = () => wait.end();
  const timer = setTimeout(end, timeoutMs);
  closed?.addEventListener("abort", end, { once: true });
  if (closed?.aborted) end();
  try {
    const ends = await source.readLogEnds(userId);
    requireEpoch({ after, epoch }, ends);
    const { head } = ends;
    if (after > head) {
      throw badUserInput(
        "after",
        `Revision ${after} is later than the latest of this store, ${head}.`,
      );
    }
    wait.beginAt(head);
    for (;;) {
      wait.reset();
      const entry = await source.readEntry(userId, place);
      if (entry && entry.revision > after) return entry;
      const news = await wait.news();
      switch (news.kind) {
        case "entry":
          return news.entry;
        case "over":
          return null;
        case "stopping":
          throw unavailable("The server is stopping. Ask again.");
        case "failed":
          throw news.reason;
        case "ask":
          // The log may be another one since.
          if (after > 0n)
            requireEpoch({ after, epoch: ends.epoch }, await source.readLogEnds(userId));
      }
    }
  } finally {
    clearTimeout(timer);
    closed?.removeEventListener("abort", end);
    wait.end();
  }
}
