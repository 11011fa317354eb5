import type { Maintenance } from "../contract.ts";
import type { Place } from "../model/place.ts";
import { commandOf } from "./command.ts";
import type { Committer } from "./committer.ts";

const entriesPerRead = 1_000;

/**
 * Removes expired entries, each with its change. Every instance does this. The entries found here are only candidates:
 * the transaction decides which ones have expired, so an instance that comes later changes nothing.
 */
export async function sweep(
  database: Pick<Maintenance, "readExpired">,
  committer: Committer,
): Promise<void> {
  let last = "";
  for (;;) {
    const expired = await database.readExpired(entriesPerRead);
    // The same result again: the rest cannot be removed now, for example after the clock was set back.
    const found = JSON.stringify(expired[0]);
    if (expired.length === 0 || found === last) return;
    last = found;
    const byUser = new Map<string, Place[]>();
    for (const { userId, namespace, key } of expired) {
      const places = byUser.get(userId) ?? [];
      byUser.set(userId, places);
      places.push({ namespace, key });
    }
    await Promise.all(
      [...byUser].map(([userId, places]) =>
        committer.submit(commandOf({ userId, agent: null, mayRead: false }, [], { sweep: places })),
      ),
    );
    if (expired.length < entriesPerRead) return;
  }
}
