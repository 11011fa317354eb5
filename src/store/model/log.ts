import { BatonError, epochChanged, revisionCompacted, unavailable } from "../../errors.ts";

/** A revision is a signed 64-bit number. */
export const maxRevision = 2n ** 63n - 1n;

interface Ends {
  readonly head: bigint;
  readonly compacted: bigint;
}

/**
 * Whether an import into the store is under way: its log begins behind its head, which only the end of the import
 * brings there. Whoever looks at the log while it lasts sees that, and can't take a part of the store for the whole.
 */
export function isImporting({ head, compacted }: Ends): boolean {
  return compacted > head;
}

export function importUnderWay(): BatonError {
  return unavailable("An import into this store is under way. Try again when it is done.");
}

/** A place in a log that a reader goes on from. */
export interface LogPlace {
  readonly after: bigint;
  /** The history in which the revision was seen; null: not known, and not checked. */
  readonly epoch: string | null;
}

/**
 * Checks that a revision is of the history that the log is of (G15).
 * @throws REVISION_COMPACTED
 */
export function requireEpoch(
  { after, epoch }: LogPlace,
  ends: Pick<Ends, "compacted"> & { readonly epoch: string },
): void {
  if (epoch === null || epoch === ends.epoch) return;
  throw epochChanged(after, ends.compacted + 1n, ends.epoch);
}

/**
 * Checks that a reader can go on after a revision.
 * @throws REVISION_COMPACTED, BAD_USER_INPUT, UNAVAILABLE
 */
export function requireWithinLog(after: bigint, ends: Ends): void {
  if (isImporting(ends)) throw importUnderWay();
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
