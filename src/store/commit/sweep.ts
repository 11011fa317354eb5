import type { Maintenance } from "../contract.ts";
import type { Place } from "../model/place.ts";
import { commandOf } from "./command.ts";
import type { Committer } from "./committer.ts";

const entriesPerRead = 1_000;

/**
 * Removes what has expired, each with its change. Every instance does this: whoever comes second finds nothing to do,
 * for an entry is only looked for here, and judged within the transaction.
 */
export async function sweep(
  database: Pick<Maintenance, "readExpired">,
  committer: Committer,
): Promise<void> {
  let last = "";
  for (;;) {
    const expired = await database.readExpired(entriesPerRead);
    // The same again: what is left of them, a stepped clock perhaps, is for the next time.
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
