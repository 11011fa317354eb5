import type { EntryQuery, ReadView } from "./contract.ts";
import { filterPage, type FilterBounds, type FilteredList } from "./filter-page.ts";
import type { StoredEntry } from "./model/claim.ts";
import { exact, type TextMatch } from "./model/text-match.ts";
import { isWanted, type Where } from "./model/where.ts";
import type { Candidate } from "./operations/claim.ts";

/** Which free entries a claim with a filter examines. */
export interface CandidatesQuery {
  readonly userId: string;
  readonly namespace: string;
  readonly keys: TextMatch;
  readonly where: Where;
}

/** The first free entries that match a filter, as they were when they were read. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** Whether other free entries can follow them. */
  readonly hasMore: boolean;
  /** The user's head revision when the first of them was read. */
  readonly head: bigint;
}

/**
 * Reads the first free entries whose values match a filter. It holds no lock: the claim checks each candidate again.
 */
export async function findCandidates(
  view: Pick<ReadView, "readStoredEntries">,
  { userId, namespace, keys, where }: CandidatesQuery,
  bounds: FilterBounds,
): Promise<Candidates> {
  let head: bigint | null = null;
  const query: Omit<EntryQuery, "after"> = {
    userId,
    selection: { namespaces: [exact(namespace)], keys },
    onlyKeys: null,
    onlyFree: true,
  };
  const list: FilteredList<StoredEntry, Candidate, string> = {
    async readStretch(after, rest) {
      const place = after === null ? null : { namespace, key: after };
      const page = await view.readStoredEntries({ ...query, after: place }, rest);
      head ??= page.head;
      return { items: page.items, next: page.hasMore ? (page.items.at(-1)?.key ?? null) : null };
    },
    positionOf: ({ key }) => key,
    bytesOf: ({ sizeBytes }) => sizeBytes,
    show: ({ key, revision, value }) => (isWanted(where, value) ? { key, revision } : null),
  };
  const { items, hasMore } = await filterPage(list, null, bounds);
  return { candidates: items, hasMore, head: head ?? 0n };
}
