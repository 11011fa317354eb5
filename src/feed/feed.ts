import { badUserInput } from "../errors.ts";
import type { Database, PageBounds } from "../store/contract.ts";
import type { Entry } from "../store/model/entry.ts";
import { checkAwaitSeconds } from "../store/model/limits.ts";
import { importUnderWay, isImporting, requireEpoch, requireWithinLog } from "../store/model/log.ts";
import type { CallBounds } from "../store/call-bounds.ts";
import type { Viewer } from "../store/model/viewer.ts";
import type { ReadChecks, SelectionInput } from "../store/read-checks.ts";
import { awaitEntry } from "./await-entry.ts";
import type { CatchUpSource } from "./catch-up.ts";
import type { ClaimFeed } from "./claim-feed.ts";
import type { ClaimWatch } from "./claim-watch.ts";
import type { QueueBounds } from "./event-queue.ts";
import type { Hub } from "./hub.ts";
import { readSubscribers, type Subscribers } from "./subscribers.ts";
import { Subscription } from "./subscription.ts";

export interface SubscribeInput extends SelectionInput {
  /** Start with the changes after this revision. Default: after the current head. */
  readonly after?: bigint | null | undefined;
  /** The epoch of `after`. Default: not checked. */
  readonly epoch?: string | null | undefined;
  /** Start with the matching entries. Default: false. */
  readonly snapshot?: boolean | null | undefined;
  /** Deliver bookmarks. Default: false. */
  readonly bookmarks?: boolean | null | undefined;
}

export interface AwaitEntryInput {
  readonly namespace: string;
  readonly key: string;
  /** Only a later revision of the entry counts. Default: any. */
  readonly after?: bigint | null | undefined;
  /** The epoch of `after`. Default: not checked. */
  readonly epoch?: string | null | undefined;
  /** Default: 30. */
  readonly timeoutSeconds?: number | null | undefined;
}

/** The session of a subscriber, or of a caller that waits. */
export interface FeedSession {
  readonly viewer: Viewer;
  /** Aborts when the viewer's token is revoked or expires; the reason is the error. */
  readonly ended: AbortSignal;
}

export interface FeedOptions {
  readonly source: CatchUpSource & Pick<Database, "readEntry" | "readLogEnds">;
  readonly checks: ReadChecks;
  readonly hub: Hub;
  readonly claims: Pick<ClaimFeed, "watch">;
  readonly bounds: Pick<CallBounds, "enter">;
  /** The largest page of the log, or of the entries, that one read returns. */
  readonly pageBounds: PageBounds;
  /** The bounds of the events that wait in memory for a subscriber in this process. */
  readonly queueBounds: QueueBounds;
}

/** A subscriber that reads at its own pace holds one page of this size. */
export const defaultPageBounds: PageBounds = { maxItems: 256, maxBytes: 512 * 1024 };
const defaultAwaitSeconds = 30;

/**
 * Live delivery of the log. The path of a change from its commit to a subscriber:
 *
 * 1. The committer publishes the changes to the `Hub`, before it responds to the writer. A notification or `pollHeads`
 *    reports changes of other instances.
 * 2. The hub passes them to the user's `Tail`. The tail compares revisions; if a change is missing, it reads it from
 *    the log.
 * 3. The tail offers them to each `Group` of live subscribers with the same selection and the same rendering. The group
 *    renders each selected change once and passes the payload to each `Member`.
 * 4. The member sends the payload to its `Sink`. A member whose sink is full leaves the group. When the sink has
 *    drained, the member reads the log with `CatchUp` from the position that it has reached, and joins again at the
 *    end. So a slow subscriber costs only what its sink holds, and misses nothing (G3, G9).
 */
export class Feed {
  readonly #options: FeedOptions;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /**
   * Subscribes. When it resolves, the start is fixed: every matching change that is committed later will be delivered.
   * @throws REVISION_COMPACTED if the log does not reach back to `after`; UNAVAILABLE during an import; for an invalid
   *   argument BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  async subscribe(
    { viewer, ended }: FeedSession,
    { after = null, epoch = null, snapshot, bookmarks, ...selected }: SubscribeInput,
  ): Promise<Subscription> {
    const { checks, source, hub, pageBounds, queueBounds } = this.#options;
    const selection = checks.select(viewer, selected);
    if (snapshot && after !== null) {
      throw badUserInput("snapshot", "`after` and `snapshot` cannot be combined.");
    }
    const { userId } = viewer;
    const ends = await source.readLogEnds(userId);
    if (isImporting(ends)) throw importUnderWay();
    if (after !== null) requireEpoch({ after, epoch }, ends);
    if (after !== null) requireWithinLog(after, ends);
    hub.noticeEpoch(ends.epoch);
    const reads = { source, userId, selection, pageBounds, epoch: ends.epoch };
    return new Subscription(
      { hub, agent: viewer.agent, ended, queueBounds, reads, bookmarks: bookmarks ?? false },
      snapshot ? { kind: "snapshot", head: ends.head } : { kind: "log", after: after ?? ends.head },
    );
  }

  /**
   * Watches the counts of the work on a selection: the current counts, and new ones after each change.
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN for an invalid argument
   */
  watchClaims(session: FeedSession, input: SelectionInput): ClaimWatch {
    return this.#options.claims.watch(session, input);
  }

  /**
   * Who follows the log of the viewer's store on this instance.
   * @throws FORBIDDEN without the scope `read`
   */
  subscribers(viewer: Viewer): Subscribers {
    return readSubscribers(this.#options.hub, viewer);
  }

  /**
   * Waits for an entry; null at the timeout. See `awaitEntry`.
   * @param closed ends the wait when the caller has disconnected
   * @throws UNAVAILABLE; for an invalid argument BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  async awaitEntry(
    { viewer, ended }: FeedSession,
    { namespace, key, after, epoch, timeoutSeconds }: AwaitEntryInput,
    closed: AbortSignal | null = null,
  ): Promise<Entry | null> {
    const { checks, source, hub, bounds } = this.#options;
    const place = checks.place(viewer, namespace, key);
    const seconds = timeoutSeconds ?? defaultAwaitSeconds;
    checkAwaitSeconds(checks.limits, seconds);
    const leave = bounds.enter(viewer, "Waits");
    return awaitEntry(source, hub, {
      userId: viewer.userId,
      agent: viewer.agent,
      ended,
      place,
      after: after ?? 0n,
      epoch: after == null ? null : (epoch ?? null),
      timeoutMs: 1_000 * seconds,
      closed,
    }).finally(leave);
  }
}
