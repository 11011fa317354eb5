import type { Log } from "./contract.ts";

type Times = Pick<Log, "readLogEnds" | "readNow" | "readTimes">;

/**
 * Returns the head of a user's log as it was at several instants, given in seconds before now. It uses a binary search,
 * because revisions have no holes and times rise with revisions. All instants are searched at the same time, so the number
 * of statements depends on the size of the log only by its logarithm.
 *
 * 1. Read the ends of the log and the database's time.
 * 2. Start with the whole log as the range of each instant.
 * 3. Read the time of the change in the middle of each range, and keep the half that contains the result.
 * 4. Repeat step 3 until each range is one revision.
 *
 * For an instant before the oldest change in the log, the result is the last revision that the log no longer has.
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
      // A missing change was compacted after the ends were read.
      if (at === undefined || at.getTime() <= range.until) range.first = middle;
      else range.last = middle - 1n;
    }
  }
}

/** The middle is always after `first`, so each step makes the range smaller. */
function middleOf({ first, last }: { readonly first: bigint; readonly last: bigint }): bigint {
  return first + (last - first + 1n) / 2n;
}
