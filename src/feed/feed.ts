import { badUserInput } from "../errors.ts";
import type { Database, PageBounds } from "../store/contract.ts";
import type { Entry } from "../store/model/entry.ts";
import { checkAwaitSeconds } from "../store/model/limits.ts";
import { importUnderWay, isImporting, requireEpoch, requireWithinLog } from "../store/model/log.ts";
import type { CallBounds } from "../store/call-bounds.ts";
import type { Viewer } from "../store/model/viewer.ts";
import type { SelectionInput, Store } from "../store/store.ts";
import { awaitEntry } from "./await-entry.ts";
import type { CatchUpSource } from "./catch-up.ts";
import type { ClaimFeed } from "./claim-feed.ts";
import type { ClaimWatch } from "./claim-watch.ts";
import type { QueueBounds } from "./event-queue.ts";
import type { Hub } from "./hub.ts";
import { Subscription } from "./subscription.ts";

export interface SubscribeInput extends SelectionInput {
  /** Begin with the changes after this revision. Default: after now. */
  readonly after?: bigint | null | undefined;
  /** The history in which `after` was seen. Default: not checked. */
  readonly epoch?: string | null | undefined;
  /** Begin with the matching entries. Default: false. */
  readonly snapshot?: boolean | null | undefined;
  /** Say from time to time how far the log has been followed. Default: false. */
  readonly bookmarks?: boolean | null | undefined;
}

export interface AwaitEntryInput {
  readonly namespace: string;
  readonly key: string;
  /** Only a later revision of the entry counts. Default: any. */
  readonly after?: bigint | null | undefined;
  /** The history in which `after` was seen. Default: not checked. */
  readonly epoch?: string | null | undefined;
  /** Default: 30. */
  readonly timeoutSeconds?: number | null | undefined;
}

/** Who subscribes or waits. */
export interface FeedSession {
  readonly viewer: Viewer;
  /** Aborts, with the error to fail with, when the viewer's token is revoked or expires. */
  readonly ended: AbortSignal;
}

export interface FeedOptions {
  readonly source: CatchUpSource & Pick<Database, "readEntry" | "readLogEnds">;
  readonly store: Pick<Store, "limits" | "place" | "select">;
  readonly hub: Hub;
  readonly claims: Pick<ClaimFeed, "watch">;
  readonly bounds: Pick<CallBounds, "enter">;
  /** How much of the log, or of the entries, one read takes. */
  readonly pageBounds: PageBounds;
  /** What waits in memory for a subscriber in this process. */
  readonly queueBounds: QueueBounds;
}

/** A reader at its own pace holds one page of this size. */
export const defaultPageBounds: PageBounds = { maxItems: 256, maxBytes: 512 * 1024 };
const defaultAwaitSeconds = 30;

/**
 * The log, live. The path of a change from its commit to a subscriber:
 *
 * 1. The committer publishes the changes to the `Hub`, before it answers the writer. A change of another instance is
 *    noticed by a notification or by `pollHeads`.
 * 2. The hub passes them to the user's `Tail`, which sees by the revision whether one is missing, and then reads it
 *    from the log.
 * 3. The tail offers them to each `Group` of live subscribers that have the same selection and the same rendering. The
 *    group renders each selected change once and passes the payload to each `Member`.
 * 4. The member sends it to its `Sink`. A member whose sink is full leaves the group: it is sent nothing until the sink
 *    has drained, then reads the log by `CatchUp` from the position it had reached, and joins again at the end. So a
 *    slow subscriber costs what its sink holds, and misses nothing (G3, G9).
 */
export class Feed {
  readonly #options: FeedOptions;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the place to begin is fixed: every matching change committed from then on will be delivered.
   * @throws REVISION_COMPACTED when the log does not reach back to it, UNAVAILABLE during an import, and what an
   * argument is refused with: BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  async subscribe(
    { viewer, ended }: FeedSession,
    { after = null, epoch = null, snapshot, bookmarks, ...selected }: SubscribeInput,
  ): Promise<Subscription> {
    const { store, source, hub, pageBounds, queueBounds } = this.#options;
    const selection = store.select(viewer, selected);
    if (snapshot && after !== null) {
      throw badUserInput("snapshot", "after and snapshot exclude each other.");
    }
    const { userId } = viewer;
    const ends = await source.readLogEnds(userId);
    if (isImporting(ends)) throw importUnderWay();
    if (after !== null) requireEpoch({ after, epoch }, ends);
    if (after !== null) requireWithinLog(after, ends);
    hub.noticeEpoch(ends.epoch);
    const reads = { source, userId, selection, pageBounds, epoch: ends.epoch };
    return new Subscription(
      { hub, ended, queueBounds, reads, bookmarks: bookmarks ?? false },
      snapshot ? { kind: "snapshot", head: ends.head } : { kind: "log", after: after ?? ends.head },
    );
  }

  /**
   * The counts of the work on a selection, now and whenever they may be others.
   * @throws what an argument is refused with: BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  watchClaims(session: FeedSession, input: SelectionInput): ClaimWatch {
    return this.#options.claims.watch(session, input);
  }

  /**
   * The entry, as soon as it exists; null at the timeout. See `awaitEntry`.
   * @param closed ends the wait when the caller is gone
   * @throws UNAVAILABLE, and what an argument is refused with: BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  async awaitEntry(
    { viewer, ended }: FeedSession,
    { namespace, key, after, epoch, timeoutSeconds }: AwaitEntryInput,
    closed: AbortSignal | null = null,
  ): Promise<Entry | null> {
    const { store, source, hub, bounds } = this.#options;
    const place = store.place(viewer, namespace, key);
    const seconds = timeoutSeconds ?? defaultAwaitSeconds;
    checkAwaitSeconds(store.limits, seconds);
    const leave = bounds.enter(viewer, "Waits");
    return awaitEntry(source, hub, {
      userId: viewer.userId,
      ended,
      place,
      after: after ?? 0n,
      epoch: after == null ? null : (epoch ?? null),
      timeoutMs: 1_000 * seconds,
      closed,
    }).finally(leave);
  }
}
