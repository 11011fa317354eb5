import type { Change } from "../store/model/change.ts";
import { Tail, type Follower, type FollowerCounts, type TailOptions } from "./tail.ts";

export type HubOptions = TailOptions;

/** Passes each committed change to the followers of its user's log, in commit order, from all instances. */
export class Hub {
  readonly #options: HubOptions;
  /** The logs that are followed here. */
  readonly #tails = new Map<string, Tail>();
  /** The epoch of the logs; null before it is known. */
  #epoch: string | null = null;
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** The users whose logs are followed here. */
  get userIds(): string[] {
    return [...this.#tails.keys()];
  }

  /** Counts the followers of all logs. */
  followers(): FollowerCounts {
    let counts: FollowerCounts = { subscriptions: 0, catchingUp: 0, waits: 0, maxLag: 0n };
    for (const tail of this.#tails.values()) counts = tail.count(counts);
    return counts;
  }

  /** The followers of a user's log on this instance, and how many revisions each is behind. */
  *followersOf(
    userId: string,
  ): Generator<{ readonly follower: Follower; readonly lag: bigint }, void> {
    const tail = this.#tails.get(userId);
    if (!tail) return;
    for (const follower of tail.followers) yield { follower, lag: tail.lagOf(follower) };
  }

  /** Returns the tail of a user's log, to follow until `detach`. When the server stops, it closes the follower. */
  attach(userId: string, follower: Follower): Tail {
    let tail = this.#tails.get(userId);
    if (!tail) {
      tail = new Tail(userId, this.#options, () => this.#tails.delete(userId));
      this.#tails.set(userId, tail);
    }
    tail.followers.add(follower);
    if (this.#closed) queueMicrotask(() => follower.close());
    return tail;
  }

  /** Receives the changes that this instance committed, consecutive among themselves. */
  publish(userId: string, changes: readonly Change[]): void {
    this.#tails.get(userId)?.publish(changes);
  }

  /** Receives the head of a user's log, which includes the writes of other instances. */
  noticeHead(userId: string, head: bigint): void {
    this.#tails.get(userId)?.noticeHead(head);
  }

  /**
   * Receives the current epoch. If it has changed, for example because a backup was restored, every subscriber reads
   * the log, which reports the change to it.
   */
  noticeEpoch(epoch: string): void {
    if (this.#epoch === epoch) return;
    const isFirst = this.#epoch === null;
    this.#epoch = epoch;
    if (isFirst) return;
    for (const tail of this.#tails.values()) tail.beginAgain();
  }

  /** Sends a bookmark to all subscribers that request bookmarks. */
  bookmark(): void {
    for (const { followers } of this.#tails.values()) {
      for (const follower of followers) follower.bookmark?.();
    }
  }

  /** Completes all current subscriptions, and all later ones immediately. */
  close(): void {
    this.#closed = true;
    for (const { followers } of this.#tails.values()) {
      for (const follower of followers) follower.close();
    }
  }
}
