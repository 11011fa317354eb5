import type { ClaimNews, Notifications } from "../store/contract.ts";
import type { Effects } from "../store/commit/state.ts";
import type { ClaimTally } from "../store/read-claims.ts";
import type { SelectionInput } from "../store/read-checks.ts";
import type { Store } from "../store/store.ts";
import { ClaimWatch } from "./claim-watch.ts";
import type { FeedSession } from "./feed.ts";
import { UserClaimWatches } from "./user-claim-watches.ts";

/** How often this instance tells others which users' claims it watches, and how long they take that as valid. */
const announceIntervalMs = 20_000;
const believedMs = 60_000;

export interface ClaimFeedOptions {
  readonly store: Pick<Store, "checks" | "claims">;
  readonly notifications: Pick<Notifications, "announceClaims">;
}

/**
 * Delivers the progress of the work on entries. Claims are not in the log, so an event is not a change but the current
 * counts. Several changes can result in one event, but the counts after the last one are always delivered.
 *
 * 1. A watch counts and delivers the counts. Then it waits.
 * 2. A commit of this instance, or a notification of another one, wakes the watches with a matching selection.
 *    Instances send notifications of claims only while another instance watches them, so that unwatched claims cost
 *    nothing.
 * 3. The end of a lease also wakes a watch, and so does a timer, because notifications can be lost.
 */
export class ClaimFeed {
  readonly #options: ClaimFeedOptions;
  readonly #watches = new Map<string, UserClaimWatches>();
  /** The users whose claims other instances watch, and until when on the monotonic clock. */
  readonly #elsewhere = new Map<string, number>();
  #announcing: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ClaimFeedOptions) {
    this.#options = options;
  }

  /** @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN */
  watch({ viewer: { userId }, viewer, ended }: FeedSession, input: SelectionInput): ClaimWatch {
    const { store, notifications } = this.#options;
    const selection = store.checks.select(viewer, input);
    if (ended.aborted) throw ended.reason;
    const count = (closed: AbortSignal): Promise<ClaimTally> =>
      store.claims.count(userId, selection, closed);
    let watches = this.#watches.get(userId);
    const isFirst = !watches;
    watches ??= new UserClaimWatches(userId);
    const watch = new ClaimWatch({
      userId,
      selection,
      count,
      counts: watches.counts,
      ended,
      over: () => this.#remove(userId, watch),
    });
    watches.add(watch);
    this.#watches.set(userId, watches);
    if (isFirst) notifications.announceClaims(userId, "watched");
    this.#announcing ??= setInterval(() => this.#announce(), announceIntervalMs).unref();
    if (this.#isClosed) watch.close();
    return watch;
  }

  /** Receives what this instance committed. */
  publish(userId: string, { claimed, changes }: Pick<Effects, "claimed" | "changes">): void {
    if (this.#watches.size === 0 && this.#elsewhere.size === 0) return;
    this.#watches.get(userId)?.publish(claimed, changes);
    // If a commit made changes, the announced head of the log wakes the other instances.
    if (claimed.length > 0 && changes.length === 0 && this.#isWatchedElsewhere(userId)) {
      this.#options.notifications.announceClaims(userId, "changed");
    }
  }

  /** Receives another instance's notification, of the log or of claims. */
  notice(userId: string, news: ClaimNews): void {
    if (news === "changed") {
      this.#watches.get(userId)?.notice();
      return;
    }
    const isNew = !this.#isWatchedElsewhere(userId);
    this.#elsewhere.set(userId, performance.now() + believedMs);
    // Claims can have changed here before the other instance's notification arrived.
    if (isNew) this.#options.notifications.announceClaims(userId, "changed");
  }

  /** Wakes all watches after notifications may have been lost. */
  noticeAll(): void {
    for (const watches of this.#watches.values()) watches.notice();
  }

  /** Completes all current watches, and all later ones immediately. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#announcing);
    for (const watches of this.#watches.values()) watches.close();
  }

  #remove(userId: string, watch: ClaimWatch): void {
    const watches = this.#watches.get(userId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(userId);
    if (this.#watches.size > 0) return;
    clearInterval(this.#announcing);
    this.#announcing = undefined;
  }

  #announce(): void {
    for (const userId of this.#watches.keys()) {
      this.#options.notifications.announceClaims(userId, "watched");
    }
  }

  #isWatchedElsewhere(userId: string): boolean {
    const until = this.#elsewhere.get(userId);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.#elsewhere.delete(userId);
    return false;
  }
}
