import type { ClaimQuery, Page, ReadView } from "./contract.ts";
import { fillPage, type FillBounds } from "./fill-page.ts";
import {
  addClaimCounts,
  noClaimCounts,
  type ClaimCounts,
  type HeldClaim,
} from "./model/claim-counts.ts";

type Claims = Pick<ReadView, "readClaims">;

/** The counts, and the next time at which they change without a write. */
export interface ClaimTally {
  readonly counts: ClaimCounts;
  /** The earliest end of a lease or a delay; null if there is neither. */
  readonly nextAt: Date | null;
}

/**
 * Counts the entries in parts, so that other requests run in between. A write during the count to a part that was
 * already counted is not included.
 * @param closed ends the counting when the caller no longer waits for it
 */
export async function countClaims(
  view: Claims,
  query: Omit<ClaimQuery, "after">,
  closed: AbortSignal | null,
): Promise<ClaimTally> {
  let counts = noClaimCounts;
  let nextAt: Date | null = null;
  let after: ClaimQuery["after"] = null;
  do {
    const stretch = await view.readClaims({ ...query, after }, 0);
    counts = addClaimCounts(counts, stretch.counts);
    if (stretch.nextAt && (!nextAt || stretch.nextAt < nextAt)) nextAt = stretch.nextAt;
    after = stretch.next;
  } while (after && !closed?.aborted);
  return { counts, nextAt };
}

/** Reads a page of the claims that hold entries, sorted by namespace and then key. */
export async function readHeldPage(
  view: Claims,
  query: ClaimQuery,
  bounds: FillBounds,
): Promise<Page<HeldClaim>> {
  let after = query.after;
  return fillPage(
    async ({ maxItems }) => {
      const { held, next } = await view.readClaims({ ...query, after }, maxItems);
      const isFull = held.length === maxItems;
      after = isFull ? (held.at(-1) ?? next) : next;
      return { items: held, isAtEnd: !isFull && next === null };
    },
    ({ namespace, key, agent }) => namespace.length + key.length + (agent?.length ?? 0),
    bounds,
  );
}
