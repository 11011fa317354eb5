import type { Log, Page, PageBounds } from "./contract.ts";
import { fillPage, type FillBounds, type Stretch } from "./fill-page.ts";
import {
  filterPage,
  type FilterBounds,
  type FilteredList,
  type FilteredPage,
} from "./filter-page.ts";
import { shownTo, type Change, type Selection, type ShownChange } from "./model/change.ts";
import { requireEpoch, requireWithinLog } from "./model/log.ts";

/** Which changes of a log to read, from where, and in which order. */
export interface ChangesQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only changes after this revision in that order; null: from the start. */
  readonly after: bigint | null;
  /** The epoch of that revision; null: not checked. */
  readonly epoch: string | null;
  readonly isNewestFirst: boolean;
}

type LogReader = Pick<Log, "readLog" | "readLogEnds">;

interface ChangeStretch extends Stretch<Change> {
  /** Where the next part begins. */
  readonly position: bigint;
}

/**
 * Reads a page of the log.
 * @throws REVISION_COMPACTED, BAD_USER_INPUT, UNAVAILABLE
 */
export async function readChanges(
  log: LogReader,
  query: ChangesQuery,
  bounds: FillBounds,
): Promise<Page<Change>> {
  return fillPage(changeStretches(log, query), bytesOf, bounds);
}

/**
 * Reads a page of the log with a filter by value: see `shownTo`.
 * @throws REVISION_COMPACTED, BAD_USER_INPUT, UNAVAILABLE
 */
export async function readFilteredChanges(
  log: LogReader,
  query: ChangesQuery,
  bounds: FilterBounds,
): Promise<FilteredPage<ShownChange, bigint>> {
  const readStretch = changeStretches(log, query);
  const list: FilteredList<Change, ShownChange, bigint> = {
    async readStretch(_after, rest) {
      const { items, isAtEnd, position } = await readStretch(rest);
      return { items, next: isAtEnd ? null : position };
    },
    positionOf: ({ revision }) => revision,
    bytesOf,
    show: (change) => shownTo(query.selection, change),
  };
  return filterPage(list, query.after, bounds);
}

function bytesOf({ entry }: Change): number {
  return entry?.sizeBytes ?? 0;
}

/** Returns a function that reads the next part of the log. */
function changeStretches(
  log: LogReader,
  { userId, selection, after, epoch, isNewestFirst }: ChangesQuery,
) {
  let position = after;
  let hasBegun = after !== null;
  return async (rest: PageBounds): Promise<ChangeStretch> => {
    position ??= isNewestFirst ? (await log.readLogEnds(userId)).head + 1n : 0n;
    const page = await log.readLog({ userId, selection, after: position, isNewestFirst }, rest);
    if (after !== null) requireEpoch({ after, epoch }, page);
    // A reader that gave no start revision misses nothing if the oldest changes are no longer kept.
    if (!isNewestFirst && !hasBegun && page.compacted > position) {
      position = page.compacted;
      return { items: [], isAtEnd: false, position };
    }
    hasBegun = true;
    if (isNewestFirst) requireWithinLog(latestOf(after ?? page.head, page.compacted), page);
    else requireWithinLog(position, page);
    position = page.through;
    return {
      // Compaction removes changes in steps, so some of these can still be stored.
      items: page.changes.filter(({ revision }) => revision > page.compacted),
      isAtEnd: isNewestFirst ? position <= page.compacted + 1n : position >= page.head,
      position,
    };
  };
}

function latestOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
