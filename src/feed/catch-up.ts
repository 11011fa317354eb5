import type { Database, EntryPage, LogPage, PageBounds } from "../store/contract.ts";
import { shownTo, type Change, type Selection, type ShownChange } from "../store/model/change.ts";
import { requireEpoch, requireWithinLog } from "../store/model/log.ts";
import { isWanted } from "../store/model/where.ts";
import { Coverage, type Place } from "./coverage.ts";
import type { FeedEvent } from "./feed-event.ts";

/** What a subscription begins with: the matching entries, or the changes after a revision. */
export type Start =
  | { readonly kind: "snapshot"; readonly head: bigint }
  | { readonly kind: "log"; readonly after: bigint };

/** What one read came to. */
export interface Piece {
  readonly events: readonly FeedEvent[];
  /** The log is read to its end, which was this revision; null while there is more. */
  readonly through: bigint | null;
}

export type CatchUpSource = Pick<Database, "readEntries" | "readLastClear" | "readLog">;

export interface CatchUpOptions {
  readonly source: CatchUpSource;
  readonly userId: string;
  readonly selection: Selection;
  readonly pageBounds: PageBounds;
  /** The history that the subscriber follows. Another one is never mixed with it (G15). */
  readonly epoch: string;
}

/** What is read next. The coverage tells which changes the entries already show. */
type Phase =
  | {
      readonly kind: "entries";
      /** The head when the snapshot began: the log is read from here on. */
      readonly begin: bigint;
      readonly coverage: Coverage;
      /** The entries after this place are next. */
      readonly place: Place | null;
      readonly pageHead: bigint;
    }
  | { readonly kind: "changes since"; readonly after: bigint; readonly coverage: Coverage }
  | { readonly kind: "log"; readonly after: bigint };

/**
 * Reads what a subscriber has not received yet, one page for each call, in three phases:
 *
 * 1. `entries`: the matching entries, page by page, without a long transaction (only for a snapshot);
 * 2. `changes since`: the changes since the snapshot began that those pages do not show yet, then `CAUGHT_UP` (G4);
 * 3. `log`: the changes after that, for as long as it is asked.
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
            place: null,
            pageHead: start.head,
          };
  }

  /** The revision up to which it has read the log. */
  get reached(): bigint {
    return this.#phase.kind === "entries" ? this.#phase.begin : this.#phase.after;
  }

  /**
   * Reads the next page. After a failure the same page can be asked for again.
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
        return { events: this.#shown(changes), through: through < head ? null : through };
      }
    }
  }

  async #readEntries(phase: Phase & { readonly kind: "entries" }): Promise<Piece> {
    const { begin, coverage, place, pageHead } = phase;
    const { source, userId, selection, pageBounds } = this.#options;
    const page: EntryPage = await source.readEntries(
      { userId, selection, onlyKeys: null, after: place },
      pageBounds,
    );
    if (await this.#wasClearedWithin(place, pageHead, page.head)) {
      // What the namespace holds now was all set after the clear, so the log will bring both in order.
      const end = { namespace: (place as Place).namespace, key: null };
      coverage.extend(end, pageHead);
      this.#phase = { ...phase, place: end };
      return { events: [], through: null };
    }
    const last = page.items.at(-1);
    const end = last && page.hasMore ? { namespace: last.namespace, key: last.key } : null;
    coverage.extend(end, page.head);
    this.#phase =
      end === null
        ? { kind: "changes since", after: begin, coverage }
        : { ...phase, place: end, pageHead: page.head };
    const { where } = selection;
    const wanted = where ? page.items.filter(({ value }) => isWanted(where, value)) : page.items;
    return { events: wanted.map((entry) => ({ kind: "EXISTING", entry })), through: null };
  }

  async #readSince(phase: Phase & { readonly kind: "changes since" }): Promise<Piece> {
    const { coverage } = phase;
    const { changes, through, head } = await this.#readLog(phase.after);
    const news = this.#shown(changes.filter((change: Change) => !coverage.shows(change)));
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

  /** Without a filter all of them: the database has selected the rest. */
  #shown(changes: readonly Change[]): readonly ShownChange[] {
    const { selection } = this.#options;
    if (!selection.where) return changes;
    return changes.flatMap((change) => shownTo(selection, change) ?? []);
  }

  /** Whether the namespace that the last page ended in was cleared before the next page was read. */
  async #wasClearedWithin(place: Place | null, from: bigint, to: bigint): Promise<boolean> {
    if (place === null || place.key === null || from === to) return false;
    const { source, userId } = this.#options;
    return (await source.readLastClear(userId, place.namespace, from, to)) !== null;
  }

  async #readLog(after: bigint): Promise<LogPage> {
    const { source, userId, selection, pageBounds, epoch } = this.#options;
    const page = await source.readLog({ userId, selection, after }, pageBounds);
    requireEpoch({ after, epoch }, page);
    requireWithinLog(after, page);
    return page;
  }
}
