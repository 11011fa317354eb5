import type { Database, PageBounds } from "../store/contract.ts";
import { isUnavailable } from "../errors.ts";
import type { Change, Selection } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";
import { importUnderWay, isImporting, requireWithinLog } from "../store/model/log.ts";
import { awaitEntry, type Wait } from "./await-entry.ts";
import { Coverage, type Place } from "./coverage.ts";
import type { Hub } from "./hub.ts";
import type { Subscriber } from "./subscriber.ts";

/** What a subscription delivers. */
export type FeedEvent =
  | Change
  /** An entry of the snapshot. */
  | { readonly kind: "EXISTING"; readonly entry: Entry }
  /** The snapshot is whole: what was delivered is the matching state as of the revision. */
  | { readonly kind: "CAUGHT_UP"; readonly revision: bigint };

/** Where a subscription begins: with the changes after a revision, after now, or with what there is. */
export type Start =
  | { readonly kind: "after"; readonly revision: bigint }
  | { readonly kind: "now" }
  | { readonly kind: "snapshot" };

export interface Subscription {
  readonly userId: string;
  /** Ends the stream with its reason, an error. */
  readonly ended: AbortSignal;
  readonly selection: Selection;
  readonly start: Start;
}

type Source = Pick<
  Database,
  "readEntry" | "readEntries" | "readLastClear" | "readLog" | "readLogEnds"
>;
type ReaderSource = Omit<Source, "readEntry" | "readLogEnds">;

/** How long a reader waits before it asks an unavailable database again: at first, and at most. */
const firstRetryMs = 100;
const lastRetryMs = 1_000;

/** A reader at its own pace holds one page of this size, whatever else is waiting for it. */
export const defaultPageBounds: PageBounds = { maxItems: 256, maxBytes: 512 * 1024 };

/** The log made live: catch-up from the database, then from the hub, and back again when a reader falls behind. */
export class Feed {
  readonly #source: Source;
  readonly #hub: Hub;
  readonly #pageBounds: PageBounds;

  constructor(source: Source, hub: Hub, pageBounds = defaultPageBounds) {
    this.#source = source;
    this.#hub = hub;
    this.#pageBounds = pageBounds;
  }

  /**
   * Resolves when the place to begin is fixed: every matching change committed from then on will be delivered.
   * @throws REVISION_COMPACTED when the log does not reach back to it, BAD_USER_INPUT when it is in the future,
   * UNAVAILABLE during an import
   */
  async subscribe(subscription: Subscription): Promise<AsyncIterableIterator<FeedEvent>> {
    const { userId, ended, selection, start } = subscription;
    const ends = await this.#source.readLogEnds(userId);
    if (isImporting(ends)) throw importUnderWay();
    if (start.kind === "after") requireWithinLog(start.revision, ends);
    const position = start.kind === "after" ? start.revision : ends.head;
    const subscriber = this.#hub.attach(userId, ended, selection, ends.head);
    const reader = new Reader(
      patientSource(this.#source, subscriber),
      userId,
      subscriber,
      this.#pageBounds,
    );
    const events = start.kind === "snapshot" ? reader.snapshot(position) : reader.follow(position);
    return closeable(events, subscriber);
  }

  /** The entry, as soon as there is one: see `awaitEntry`. */
  awaitEntry(wait: Wait): Promise<Entry | null> {
    return awaitEntry(this.#source, this.#hub, wait);
  }
}

class Reader {
  readonly #source: ReaderSource;
  readonly #userId: string;
  readonly #subscriber: Subscriber;
  readonly #pageBounds: PageBounds;

  constructor(
    source: ReaderSource,
    userId: string,
    subscriber: Subscriber,
    pageBounds: PageBounds,
  ) {
    this.#pageBounds = pageBounds;
    this.#source = source;
    this.#userId = userId;
    this.#subscriber = subscriber;
  }

  /** Every change after the position: from the log until its end, then from the queue until that breaks off. */
  async *follow(after: bigint): AsyncGenerator<FeedEvent, void> {
    let position = after;
    for (;;) {
      this.#subscriber.collect();
      position = yield* this.#readLog(position);
      for (;;) {
        const next = await this.#subscriber.next(position);
        if (next === null) return;
        if (next.kind === "read-log") {
          position = next.after;
          break;
        }
        position = next.change.revision;
        yield next.change;
      }
    }
  }

  /**
   * The matching entries, page by page without a long transaction; then what of the log since `begin` those pages do
   * not show yet; then `CAUGHT_UP`; then every later change (G4).
   */
  async *snapshot(begin: bigint): AsyncGenerator<FeedEvent, void> {
    const coverage = new Coverage();
    let place: Place | null = null;
    let pageHead = begin;
    for (;;) {
      const page = await this.#source.readEntries(
        {
          userId: this.#userId,
          selection: this.#subscriber.selection,
          onlyKeys: null,
          after: place,
        },
        this.#pageBounds,
      );
      if (this.#subscriber.throwIfFailed()) return;
      if (await this.#wasClearedWithin(place, pageHead, page.head)) {
        // What the namespace holds now was all set after the clear, so the log will bring both in order.
        place = { namespace: (place as Place).namespace, key: null };
        coverage.extend(place, pageHead);
        continue;
      }
      for (const entry of page.items) yield { kind: "EXISTING", entry };
      pageHead = page.head;
      const last = page.items.at(-1);
      place = last && page.hasMore ? { namespace: last.namespace, key: last.key } : null;
      coverage.extend(place, pageHead);
      if (place === null) break;
    }
    const revision = yield* this.#readLog(begin, (change) => !coverage.shows(change));
    if (this.#subscriber.throwIfFailed()) return;
    yield { kind: "CAUGHT_UP", revision };
    yield* this.follow(revision);
  }

  /** Whether the namespace that the last page ended in was cleared before the next page was read. */
  async #wasClearedWithin(place: Place | null, from: bigint, to: bigint): Promise<boolean> {
    if (place === null || place.key === null || from === to) return false;
    return (await this.#source.readLastClear(this.#userId, place.namespace, from, to)) !== null;
  }

  /** The wanted changes from the position to the log's end, which it returns. */
  async *#readLog(
    after: bigint,
    isWanted: (change: Change) => boolean = () => true,
  ): AsyncGenerator<FeedEvent, bigint> {
    let position = after;
    while (!this.#subscriber.throwIfFailed()) {
      const page = await this.#source.readLog(
        { userId: this.#userId, selection: this.#subscriber.selection, after: position },
        this.#pageBounds,
      );
      requireWithinLog(position, page);
      for (const change of page.changes) {
        if (isWanted(change)) yield change;
      }
      position = page.through;
      if (position >= page.head) break;
    }
    return position;
  }
}

/** A database that can't be reached does not end a stream: the reader goes on where it was when it can be. */
function patientSource(source: Source, subscriber: Subscriber): ReaderSource {
  const patiently = async <T>(read: () => Promise<T>): Promise<T> => {
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(2 * delayMs, lastRetryMs)) {
      try {
        return await subscriber.unlessClosed(read());
      } catch (error) {
        if (!isUnavailable(error) || subscriber.throwIfFailed()) throw error;
        // Many readers wait for the same database.
        await subscriber.pause(delayMs * (0.5 + Math.random()));
      }
    }
  };
  return {
    readEntries: (...args) => patiently(() => source.readEntries(...args)),
    readLastClear: (...args) => patiently(() => source.readLastClear(...args)),
    readLog: (...args) => patiently(() => source.readLog(...args)),
  };
}

/** A generator's `return` waits for its pending `next`; closing the subscriber first lets that end at once. */
function closeable(
  events: AsyncGenerator<FeedEvent, void>,
  subscriber: Subscriber,
): AsyncIterableIterator<FeedEvent> {
  return {
    async next() {
      try {
        // What a page still holds is not for a reader whose token has ended.
        if (subscriber.throwIfFailed()) return { done: true, value: undefined };
        const result = await events.next();
        if (result.done) subscriber.close();
        return result;
      } catch (error) {
        // Closed while the database could not be reached: it ends as any other does.
        if (subscriber.throwIfFailed()) return { done: true, value: undefined };
        subscriber.close();
        throw error;
      }
    },
    return() {
      subscriber.close();
      return events.return();
    },
    throw(error: unknown) {
      subscriber.close();
      return events.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
