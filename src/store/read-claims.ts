import type {
  ClaimQuery,
  NamespaceClaimQuery,
  NamespaceClaimStretch,
  Page,
  ReadView,
} from "./contract.ts";
import { fillPage, type FillBounds } from "./fill-page.ts";
import {
  addClaimCounts,
  noClaimCounts,
  type ClaimCounts,
  type HeldClaim,
} from "./model/claim-counts.ts";

type Claims = Pick<ReadView, "readClaims">;

/** The counts, and the time until they change without a write. */
export interface ClaimTally {
  readonly counts: ClaimCounts;
  /** The time until the earliest end of a lease or a delay; null if there is neither. */
  readonly nextInMs: number | null;
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
  let nextInMs: number | null = null;
  let after: ClaimQuery["after"] = null;
  do {
    const stretch = await view.readClaims({ ...query, after }, 0);
    counts = addClaimCounts(counts, stretch.counts);
    if (stretch.nextInMs !== null) nextInMs = Math.min(nextInMs ?? Infinity, stretch.nextInMs);
    after = stretch.next;
  } while (after && !closed?.aborted);
  return { counts, nextInMs };
}

/** A namespace that agents claim from, and the progress of the work on its entries. */
export interface ClaimedNamespace {
  readonly name: string;
  readonly counts: ClaimCounts;
}

/**
 * Reads a page of the namespaces that agents claim from. Such a namespace has an entry that is taken, delayed, completed or
 * dead-lettered. Like `countClaims`, it reads every entry of the page in parts, so that other requests are served in between.
 * @param after only namespaces that sort after this one; null for all
 */
export async function readClaimedNamespaces(
  view: Pick<ReadView, "readNamespaceClaims">,
  query: Omit<ClaimQuery, "after">,
  { first, after }: { readonly first: number; readonly after: string | null },
  closed: AbortSignal | null,
): Promise<Page<ClaimedNamespace>> {
  const items: ClaimedNamespace[] = [];
  /** The next part can continue with this namespace. */
  let counted: ClaimedNamespace = { name: "", counts: noClaimCounts };
  let place: NamespaceClaimQuery["after"] = after === null ? null : { namespace: after, key: null };
  do {
    const stretch: NamespaceClaimStretch = await view.readNamespaceClaims({
      ...query,
      after: place,
    });
    for (const { namespace: name, counts } of stretch.namespaces) {
      if (counted.name === name) {
        counted = { name, counts: addClaimCounts(counted.counts, counts) };
        continue;
      }
      if (isWorkedOn(counted.counts)) items.push(counted);
      counted = { name, counts };
    }
    place = stretch.next;
  } while (place && items.length <= first && !closed?.aborted);
  if (isWorkedOn(counted.counts)) items.push(counted);
  return { items: items.slice(0, first), hasMore: items.length > first };
}

function isWorkedOn({ taken, delayed, completed, deadLettered }: ClaimCounts): boolean {
  return taken + delayed + completed + deadLettered > 0;
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
