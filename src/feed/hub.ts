import type { Change, Selection } from "../store/change.ts";
import { Subscriber, type QueueBounds } from "./subscriber.ts";

/** Brings each committed change to the subscribers of its user, in commit order. */
export class Hub {
  readonly #bounds: QueueBounds;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  #closed = false;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /** Tokens that a subscription is open for. */
  get tokenIds(): string[] {
    return [...new Set(this.#all().map((subscriber) => subscriber.tokenId))];
  }

  /** Users that someone is subscribed to. */
  get userIds(): string[] {
    return [...this.#subscribers.keys()];
  }

  attach(userId: string, tokenId: string, selection: Selection): Subscriber {
    const subscriber = new Subscriber(tokenId, selection, this.#bounds, () =>
      this.#detach(userId, subscriber),
    );
    const subscribers = this.#subscribers.get(userId) ?? new Set();
    this.#subscribers.set(userId, subscribers.add(subscriber));
    if (this.#closed) subscriber.close();
    return subscriber;
  }

  /** Takes what this instance committed, consecutive among themselves. */
  publish(userId: string, changes: readonly Change[]): void {
    for (const subscriber of this.#subscribers.get(userId) ?? []) subscriber.offer(changes);
  }

  /** Takes where a user's log ends, from whoever looked: others may have written. */
  noticeHead(userId: string, head: bigint): void {
    for (const subscriber of this.#subscribers.get(userId) ?? []) subscriber.noticeHead(head);
  }

  /** Ends a token's subscriptions with an error. */
  failToken(tokenId: string, error: unknown): void {
    for (const subscriber of this.#all()) {
      if (subscriber.tokenId === tokenId) subscriber.fail(error);
    }
  }

  /** Completes every subscription, and every later one at once. */
  close(): void {
    this.#closed = true;
    for (const subscriber of this.#all()) subscriber.close();
  }

  #all(): Subscriber[] {
    return [...this.#subscribers.values()].flatMap((subscribers) => [...subscribers]);
  }

  #detach(userId: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(userId);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#subscribers.delete(userId);
  }
}
