import { BatonError, epochChanged, revisionCompacted, unavailable } from "../../errors.ts";

/** The largest revision: a signed 64-bit number. */
export const maxRevision = 2n ** 63n - 1n;

interface Ends {
  readonly head: bigint;
  readonly compacted: bigint;
}

/**
 * Whether an import into the store is in progress. Until the import ends, `compacted` is later than `head`, so that a
 * reader of the log notices the import and does not take a part of the store for the whole.
 */
export function isImporting({ head, compacted }: Ends): boolean {
  return compacted > head;
}

export function importUnderWay(): BatonError {
  return unavailable("An import into this store is in progress. Try again when it is finished.");
}

/** The position in a log from which a reader resumes. */
export interface LogPlace {
  readonly after: bigint;
  /** The epoch of the revision; null: not known, and not checked. */
  readonly epoch: string | null;
}

/**
 * Checks that a revision belongs to the epoch of the log (G15).
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
 * Checks that a reader can resume after a revision.
 * @throws REVISION_COMPACTED, BAD_USER_INPUT, UNAVAILABLE
 */
export function requireWithinLog(after: bigint, ends: Ends): void {
  if (isImporting(ends)) throw importUnderWay();
  if (after < ends.compacted) throw revisionCompacted(after, ends.compacted + 1n);
  if (after > ends.head) {
    throw new BatonError(
      "BAD_USER_INPUT",
      `after: Revision ${after} is later than the latest revision, ${ends.head}: it does not belong to the current store. ` +
        "If the store was restored from a backup, start again with snapshot: true.",
      { argument: "after", headRevision: String(ends.head) },
    );
  }
}
