import type { Change } from "../store/model/change.ts";
import { Tail, type Follower, type FollowerCounts, type TailOptions } from "./tail.ts";

export type HubOptions = TailOptions;

/** Brings each committed change to those who follow its user's log, in commit order, whichever instance committed it. */
export class Hub {
  readonly #options: HubOptions;
  /** The logs that someone here follows. */
  readonly #tails = new Map<string, Tail>();
  /** The history that the logs are of; null before it is known. */
  #epoch: string | null = null;
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** The users whose log someone here follows. */
  get userIds(): string[] {
    return [...this.#tails.keys()];
  }

  /** Who follows logs here, counted now. */
  followers(): FollowerCounts {
    let counts: FollowerCounts = { subscriptions: 0, catchingUp: 0, waits: 0, maxLag: 0n };
    for (const tail of this.#tails.values()) counts = tail.count(counts);
    return counts;
  }

  /** The end of a user's log, to follow until `detach`. Closes the follower when the server stops. */
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

  /** Takes what this instance committed, consecutive among themselves. */
  publish(userId: string, changes: readonly Change[]): void {
    this.#tails.get(userId)?.publish(changes);
  }

  /** Takes where a user's log ends, from whoever looked: others may have written. */
  noticeHead(userId: string, head: bigint): void {
    this.#tails.get(userId)?.noticeHead(head);
  }

  /**
   * Takes which history the logs are of, from whoever looked. If it is another one than before, as after a restored backup,
   * every subscriber reads the log, and is told.
   */
  noticeEpoch(epoch: string): void {
    if (this.#epoch === epoch) return;
    const isFirst = this.#epoch === null;
    this.#epoch = epoch;
    if (isFirst) return;
    for (const tail of this.#tails.values()) tail.beginAgain();
  }

  /** Tells who asks for bookmarks how far the logs have been followed. */
  bookmark(): void {
    for (const { followers } of this.#tails.values()) {
      for (const follower of followers) follower.bookmark?.();
    }
  }

  /** Completes every subscription, and every later one immediately. */
  close(): void {
    this.#closed = true;
    for (const { followers } of this.#tails.values()) {
      for (const follower of followers) follower.close();
    }
  }
}
