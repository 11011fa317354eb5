import type { Log, Page } from "./contract.ts";
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

interface ChangesBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Aborts when nobody waits for the page any more. */
  readonly closed: AbortSignal | null;
}

/**
 * A page of the log. It is full, or has reached the log's end, however few changes the selection wants: each statement
 * looks at a stretch of the log, and the reading goes on until one of both is so. One item more than the page has tells
 * whether more follow.
 *
 * @throws REVISION_COMPACTED, BAD_USER_INPUT, UNAVAILABLE
 */
export async function readChanges(
  log: Pick<Log, "readLog" | "readLogEnds">,
  { userId, selection, after, isNewestFirst }: ChangesQuery,
  { maxItems, maxBytes, closed }: ChangesBounds,
): Promise<Page<Change>> {
  const items: Change[] = [];
  let leftBytes = maxBytes;
  let position = after ?? (isNewestFirst ? (await log.readLogEnds(userId)).head + 1n : 0n);
  for (;;) {
    if (closed?.aborted) return { items, hasMore: true };
    const page = await log.readLog(
      { userId, selection, after: position, isNewestFirst },
      { maxItems: maxItems + 1 - items.length, maxBytes: Math.max(1, leftBytes) },
    );
    // Without a place to begin, what is no longer kept is not missed.
    if (!isNewestFirst && after === null && items.length === 0 && page.compacted > position) {
      position = page.compacted;
      continue;
    }
    if (isNewestFirst) requireWithinLog(latestOf(after ?? page.head, page.compacted), page);
    else requireWithinLog(position, page);
    for (const change of page.changes) {
      // A step of the compaction may not have removed it yet.
      if (change.revision <= page.compacted) break;
      if (items.length === maxItems || leftBytes <= 0) return { items, hasMore: true };
      items.push(change);
      leftBytes -= change.entry?.sizeBytes ?? 0;
    }
    position = page.through;
    const isAtEnd = isNewestFirst ? position <= page.compacted + 1n : position >= page.head;
    if (isAtEnd) return { items, hasMore: false };
  }
}

function latestOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
