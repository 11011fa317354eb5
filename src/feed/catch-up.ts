import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Database, EntryPage, LogPage, PageBounds } from "../store/contract.ts";
import { shownTo, type Change, type Selection, type ShownChange } from "../store/model/change.ts";
import { requireEpoch, requireWithinLog } from "../store/model/log.ts";
import { isWanted } from "../store/model/where.ts";
import { Coverage, type Position } from "./coverage.ts";
import type { FeedEvent } from "./feed-event.ts";

/** The start of a subscription: the matching entries, or the changes after a revision. */
export type Start =
  | { readonly kind: "snapshot"; readonly head: bigint }
  | { readonly kind: "log"; readonly after: bigint };

/** The result of one read. */
export interface Piece {
  readonly events: readonly FeedEvent[];
  /** If the log is read to its end, the revision of its end; otherwise null. */
  readonly through: bigint | null;
}

export type CatchUpSource = Pick<Database, "readEntries" | "readLastClear" | "readLog">;

export interface CatchUpOptions {
  readonly source: CatchUpSource;
  readonly userId: string;
  readonly selection: Selection;
  readonly pageBounds: PageBounds;
  /** The epoch that the subscriber follows. It never receives changes of another epoch (G15). */
  readonly epoch: string;
}

/** What to read next. The coverage knows which changes the delivered entries already include. */
type Phase =
  | {
      readonly kind: "entries";
      /** The head when the snapshot began. The log is read from here. */
      readonly begin: bigint;
      readonly coverage: Coverage;
      /** The next page begins after this position. */
      readonly position: Position | null;
      readonly pageHead: bigint;
    }
  | { readonly kind: "changes since"; readonly after: bigint; readonly coverage: Coverage }
  | { readonly kind: "log"; readonly after: bigint };

/**
 * Reads what a subscriber has not received yet, one page for each call, in three phases:
 *
 * 1. `entries`: the matching entries, page by page, without a long transaction. Only for a snapshot.
 * 2. `changes since`: the changes since the snapshot began, without those that its pages already include; then
 *    `CAUGHT_UP` (G4).
 * 3. `log`: the changes after that, for as long as the caller requests them.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  #phase: Phase;

  constructor(options: CatchUpOptions, start: Start) {
    this.#options = options;
    this.#phase =
      start.kind === "log"
        ? start
        : {
            kind: "entries",
            begin: start.head,
            coverage: new Coverage(),
            position: null,
            pageHead: start.head,
          };
  }

  /** The revision up to which the log has been read. */
  get reached(): bigint {
    return this.#phase.kind === "entries" ? this.#phase.begin : this.#phase.after;
  }

  /**
   * Reads the next page. After an error, the next call reads the same page again.
   * @throws REVISION_COMPACTED, UNAVAILABLE
   */
  async next(): Promise<Piece> {
    const phase = this.#phase;
    switch (phase.kind) {
      case "entries":
        return this.#readEntries(phase);
      case "changes since":
        return this.#readSince(phase);
      case "log": {
        const { changes, through, head } = await this.#readLog(phase.after);
        this.#phase = { kind: "log", after: through };
        const events = await this.#shown(changes);
        return { events, through: through < head ? null : through };
      }
    }
  }

  async #readEntries(phase: Phase & { readonly kind: "entries" }): Promise<Piece> {
    const { begin, coverage, position, pageHead } = phase;
    const { source, userId, selection, pageBounds } = this.#options;
    const page: EntryPage = await source.readEntries(
      { userId, selection, onlyKeys: null, after: position },
      pageBounds,
    );
    if (await this.#wasClearedWithin(position, pageHead, page.head)) {
      // All entries that the namespace holds now were set after the clear, so the log has the clear and then these.
      const end = { namespace: (position as Position).namespace, key: null };
      coverage.extend(end, pageHead);
      this.#phase = { ...phase, position: end };
      return { events: [], through: null };
    }
    const { next: end } = page;
    coverage.extend(end, page.head);
    this.#phase =
      end === null
        ? { kind: "changes since", after: begin, coverage }
        : { ...phase, position: end, pageHead: page.head };
    const { where } = selection;
    const events: FeedEvent[] = [];
    for (const entry of page.items) {
      if (where && isLoopHeld()) await nextTurn(userId);
      if (!where || isWanted(where, entry.value)) events.push({ kind: "EXISTING", entry });
    }
    return { events, through: null };
  }

  async #readSince(phase: Phase & { readonly kind: "changes since" }): Promise<Piece> {
    const { coverage } = phase;
    const { changes, through, head } = await this.#readLog(phase.after);
    const news = await this.#shown(changes.filter((change: Change) => !coverage.shows(change)));
    if (through < head) {
      this.#phase = { ...phase, after: through };
      return { events: news, through: null };
    }
    this.#phase = { kind: "log", after: through };
    return {
      events: [...news, { kind: "CAUGHT_UP", revision: through, epoch: this.#options.epoch }],
      through,
    };
  }

  /** Applies the filter by value. The database applies the rest of the selection. */
  async #shown(changes: readonly Change[]): Promise<readonly ShownChange[]> {
    const { selection, userId } = this.#options;
    if (!selection.where) return changes;
    const shown: ShownChange[] = [];
    for (const change of changes) {
      if (isLoopHeld()) await nextTurn(userId);
      const one = shownTo(selection, change);
      if (one) shown.push(one);
    }
    return shown;
  }

  /** Whether the namespace that the last page ended in was cleared before the next page was read. */
  async #wasClearedWithin(position: Position | null, from: bigint, to: bigint): Promise<boolean> {
    if (position === null || position.key === null || from === to) return false;
    const { source, userId } = this.#options;
    return (await source.readLastClear(userId, position.namespace, from, to)) !== null;
  }

  async #readLog(after: bigint): Promise<LogPage> {
    const { source, userId, selection, pageBounds, epoch } = this.#options;
    const page = await source.readLog({ userId, selection, after }, pageBounds);
    requireEpoch({ after, epoch }, page);
    requireWithinLog(after, page);
    return page;
  }
}
