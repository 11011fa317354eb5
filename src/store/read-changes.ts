import type { Log, Page, PageBounds } from "./contract.ts";
import { fillPage, type FillBounds, type Stretch } from "./fill-page.ts";
import type { Change, Selection } from "./model/change.ts";
import { requireWithinLog } from "./model/log.ts";

/** Which changes of a log, from where, and in which order. */
export interface ChangesQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only changes behind this revision in that order; null: from the beginning. */
  readonly after: bigint | null;
  readonly isNewestFirst: boolean;
}

/**
 * A page of the log.
 * @throws REVISION_COMPACTED, BAD_USER_INPUT, UNAVAILABLE
 */
export async function readChanges(
  log: Pick<Log, "readLog" | "readLogEnds">,
  { userId, selection, after, isNewestFirst }: ChangesQuery,
  bounds: FillBounds,
): Promise<Page<Change>> {
  let position = after ?? (isNewestFirst ? (await log.readLogEnds(userId)).head + 1n : 0n);
  let hasBegun = after !== null;
  const readStretch = async (rest: PageBounds): Promise<Stretch<Change>> => {
    const page = await log.readLog({ userId, selection, after: position, isNewestFirst }, rest);
    // Without a place to begin, what is no longer kept is not missed.
    if (!isNewestFirst && !hasBegun && page.compacted > position) {
      position = page.compacted;
      return { items: [], isAtEnd: false };
    }
    hasBegun = true;
    if (isNewestFirst) requireWithinLog(latestOf(after ?? page.head, page.compacted), page);
    else requireWithinLog(position, page);
    position = page.through;
    return {
      // A step of the compaction may not have removed it yet.
      items: page.changes.filter(({ revision }) => revision > page.compacted),
      isAtEnd: isNewestFirst ? position <= page.compacted + 1n : position >= page.head,
    };
  };
  return fillPage(readStretch, ({ entry }) => entry?.sizeBytes ?? 0, bounds);
}

function latestOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
