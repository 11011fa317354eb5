import { BatonError, revisionCompacted } from "../errors.ts";

/** A revision is a signed 64-bit number. */
export const maxRevision = 2n ** 63n - 1n;

/**
 * Checks that a reader can go on after a revision.
 * @throws REVISION_COMPACTED, BAD_USER_INPUT
 */
export function requireWithinLog(after: bigint, ends: { head: bigint; compacted: bigint }): void {
  if (after < ends.compacted) throw revisionCompacted(after, ends.compacted + 1n);
  if (after > ends.head) {
    throw new BatonError(
      "BAD_USER_INPUT",
      `after: Revision ${after} is later than the latest, ${ends.head}: it is not of this store as it is now. ` +
        "If the store was restored from a backup, start over with snapshot: true.",
      { argument: "after", headRevision: String(ends.head) },
    );
  }
}
