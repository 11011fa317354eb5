import type { ClaimNews, Notifications } from "../store/contract.ts";
import { selects } from "../store/model/change.ts";
import type { Effects } from "../store/commit/state.ts";
import type { ClaimTally } from "../store/read-claims.ts";
import type { SelectionInput, Store } from "../store/store.ts";
import { ClaimWatch } from "./claim-watch.ts";
import type { FeedSession } from "./feed.ts";

/** How often other instances are told that claims of a user are watched here, and for how long they believe it. */
const announceIntervalMs = 20_000;
const believedMs = 60_000;

export interface ClaimFeedOptions {
  readonly store: Pick<Store, "select" | "claimCounts">;
  readonly notifications: Pick<Notifications, "announceClaims">;
}

/**
 * Says when the work on entries has gone on. Claims are in no log, so what is delivered is a state and not a step: the
 * counts as they are now. Several changes may come to one delivery, and none is lost for good.
 *
 * 1. A watch counts, and delivers that. Then it waits.
 * 2. A commit of this instance, or another instance's notification, wakes the watches whose selection it concerns. An
 *    instance notifies of claims only while another one says that it watches them: unwatched, claims cost nothing more.
 * 3. The end of a lease wakes a watch too, and so does time: a notification may be lost.
 */
export class ClaimFeed {
  readonly #options: ClaimFeedOptions;
  readonly #watches = new Map<string, Set<ClaimWatch>>();
  /** The users whose claims other instances watch, and until when by the monotonic clock that is believed. */
  readonly #elsewhere = new Map<string, number>();
  #announcing: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ClaimFeedOptions) {
    this.#options = options;
  }

  /** @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN */
  watch({ viewer: { userId }, viewer, ended }: FeedSession, input: SelectionInput): ClaimWatch {
    const { store, notifications } = this.#options;
    const selection = store.select(viewer, input);
    if (ended.aborted) throw ended.reason;
    const count = (closed: AbortSignal): Promise<ClaimTally> =>
      store.claimCounts(userId, selection, closed);
    const watch = new ClaimWatch({
      selection,
      count,
      ended,
      over: () => this.#remove(userId, watch),
    });
    const watches = this.#watches.get(userId);
    if (watches) watches.add(watch);
    else {
      this.#watches.set(userId, new Set([watch]));
      notifications.announceClaims(userId, "watched");
    }
    this.#announcing ??= setInterval(() => this.#announce(), announceIntervalMs).unref();
    if (this.#isClosed) watch.close();
    return watch;
  }

  /** Takes what this instance committed. */
  publish(userId: string, { claimed, changes }: Pick<Effects, "claimed" | "changes">): void {
    if (this.#watches.size === 0 && this.#elsewhere.size === 0) return;
    for (const watch of this.#watches.get(userId) ?? []) {
      const concerns = (place: { readonly namespace: string; readonly key: string | null }) =>
        selects(watch.selection, place);
      if (claimed.some(concerns) || changes.some(concerns)) watch.notice();
    }
    // A commit that made changes is announced by the head of the log.
    if (claimed.length > 0 && changes.length === 0 && this.#isWatchedElsewhere(userId)) {
      this.#options.notifications.announceClaims(userId, "changed");
    }
  }

  /** Takes another instance's notification, of the log or of claims. */
  notice(userId: string, news: ClaimNews): void {
    if (news === "changed") {
      for (const watch of this.#watches.get(userId) ?? []) watch.notice();
      return;
    }
    const isNew = !this.#isWatchedElsewhere(userId);
    this.#elsewhere.set(userId, performance.now() + believedMs);
    // What was claimed here before this was heard.
    if (isNew) this.#options.notifications.announceClaims(userId, "changed");
  }

  /** Some notifications may not have been heard. */
  noticeAll(): void {
    for (const watches of this.#watches.values()) for (const watch of watches) watch.notice();
  }

  /** Completes every watch, and every later one immediately. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#announcing);
    for (const watches of this.#watches.values()) for (const watch of watches) watch.close();
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
