import type { Database } from "../store/contract.ts";
import { badUserInput, unavailable } from "../errors.ts";
import { requireEpoch } from "../store/model/log.ts";
import type { Place } from "../store/model/place.ts";
import type { Entry } from "../store/model/entry.ts";
import { EntryWait } from "./entry-waits.ts";
import type { Hub } from "./hub.ts";

export interface Wait {
  readonly userId: string;
  /** The agent of the caller; null if it gave no agent name. */
  readonly agent: string | null;
  /** Aborts when the session ends; the wait then fails with its reason. */
  readonly ended: AbortSignal;
  readonly place: Place;
  /** Only a later revision of the entry counts. */
  readonly after: bigint;
  /** The epoch of that revision; null: not checked. */
  readonly epoch: string | null;
  readonly timeoutMs: number;
  /** Ends the wait when the caller has disconnected. */
  readonly closed: AbortSignal | null;
}

/**
 * Waits for an entry and returns it. The hub wakes the wait, so nothing is polled, regardless of the number of waits:
 *
 * 1. Follow the log, so that no later change is missed.
 * 2. Read the head, then the entry. The entry as read includes all changes up to the head.
 * 3. Wait for a later change of the entry. If it has no expiry, return it; otherwise read it again, since it can have
 *    expired.
 *
 * @returns null at the timeout
 * @throws UNAVAILABLE if the server is stopping or the database cannot be reached
 */
export async function awaitEntry(
  source: Pick<Database, "readEntry" | "readLogEnds">,
  hub: Hub,
  { userId, agent, ended, place, after, epoch, timeoutMs, closed }: Wait,
): Promise<Entry | null> {
  const wait = new EntryWait(hub, { userId, agent, place, ended });
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
        `Revision ${after} is later than the latest revision of this store, ${head}.`,
      );
    }
    wait.beginAt(head);
    for (;;) {
      wait.reset();
      const entry = await source.readEntry(userId, place);
      if (ended.aborted) throw ended.reason;
      if (entry && entry.revision > after) return entry;
      const news = await wait.news();
      switch (news.kind) {
        case "entry":
          return news.entry;
        case "over":
          return null;
        case "stopping":
          throw unavailable("The server is stopping. Try again.");
        case "failed":
          throw news.reason;
        case "ask":
          // A restored backup can have changed the epoch in between.
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
