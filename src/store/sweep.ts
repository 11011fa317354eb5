import type { Database } from "../database/database.ts";
import { commandOf, type Place } from "./command.ts";
import type { Committer } from "./committer.ts";

const entriesPerRead = 1_000;

/**
 * Removes what has expired, each with its change. Every instance does this: whoever comes second finds nothing to do,
 * for an entry is only looked for here, and judged within the transaction.
 */
export async function sweep(
  database: Pick<Database, "readExpired">,
  committer: Committer,
): Promise<void> {
  let found: number;
  do {
    const expired = await database.readExpired(entriesPerRead);
    found = expired.length;
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
  } while (found === entriesPerRead);
}
