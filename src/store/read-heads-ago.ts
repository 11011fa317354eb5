import type { Log } from "./contract.ts";

type Times = Pick<Log, "readLogEnds" | "readNow" | "readTimes">;

/**
 * The head of a user's log as it was so many seconds ago, for each number of seconds. Revisions have no holes and their
 * times rise, so that each is found by halving, all of them side by side: a statement for each step, whatever the log holds.
 *
 * 1. Read the ends of the log, and the database's time.
 * 2. Each instant has a range of revisions: the last one made until then is the first of the range, or behind it.
 * 3. Read when the middle of each range was made, and go on with one half, until every range has one revision.
 *
 * For an instant before the changes that the log keeps, it is the last revision that is not kept.
 */
export async function readHeadsAgo(
  log: Times,
  userId: string,
  secondsAgo: readonly number[],
): Promise<bigint[]> {
  const { head, compacted } = await log.readLogEnds(userId);
  const now = (await log.readNow()).getTime();
  const ranges = secondsAgo.map((seconds) => ({
    until: now - 1_000 * seconds,
    first: compacted,
    last: head,
  }));
  for (;;) {
    const open = ranges.filter(({ first, last }) => first < last);
    if (open.length === 0) return ranges.map(({ first }) => first);
    const middles = [...new Set(open.map(middleOf))];
    const times = await log.readTimes(userId, middles);
    for (const range of open) {
      const middle = middleOf(range);
      const at = times.get(middle);
      // A change that is gone was compacted just now.
      if (at === undefined || at.getTime() <= range.until) range.first = middle;
      else range.last = middle - 1n;
    }
  }
}

/** Behind the first, so that each step makes the range smaller. */
function middleOf({ first, last }: { readonly first: bigint; readonly last: bigint }): bigint {
  return first + (last - first + 1n) / 2n;
}
