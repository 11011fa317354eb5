import type { Change, Selection } from "../store/model/change.ts";
import { Subscriber, type QueueBounds } from "./subscriber.ts";
import { Tail, type TailOptions } from "./tail.ts";

export interface HubOptions extends TailOptions {
  readonly queueBounds: QueueBounds;
}

/** Brings each committed change to the subscribers of its user, in commit order, whichever instance committed it. */
export class Hub {
  readonly #options: HubOptions;
  /** The logs that someone here is subscribed to. */
  readonly #tails = new Map<string, Tail>();
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Users that someone is subscribed to. */
  get userIds(): string[] {
    return [...this.#tails.keys()];
  }

  /**
   * @param ended ends the subscriber with its reason
   * @param head where the user's log ended a moment ago, or earlier
   */
  attach(userId: string, ended: AbortSignal, selection: Selection, head: bigint): Subscriber {
    const tail = this.#tails.get(userId) ?? new Tail(userId, head, this.#options);
    const subscriber = new Subscriber(selection, this.#options.queueBounds, () => {
      ended.removeEventListener("abort", fail);
      tail.subscribers.delete(subscriber);
      if (tail.subscribers.size === 0) this.#tails.delete(userId);
    });
    const fail = () => subscriber.fail(ended.reason);
    ended.addEventListener("abort", fail, { once: true });
    tail.subscribers.add(subscriber);
    this.#tails.set(userId, tail);
    if (ended.aborted) fail();
    else if (this.#closed) subscriber.close();
    return subscriber;
  }

  /** Takes what this instance committed, consecutive among themselves. */
  publish(userId: string, changes: readonly Change[]): void {
    this.#tails.get(userId)?.publish(changes);
  }

  /** Takes where a user's log ends, from whoever looked: others may have written. */
  noticeHead(userId: string, head: bigint): void {
    this.#tails.get(userId)?.noticeHead(head);
  }

  /** Completes every subscription, and every later one at once. */
  close(): void {
    this.#closed = true;
    for (const subscriber of this.#all()) subscriber.close();
  }

  #all(): Subscriber[] {
    return [...this.#tails.values()].flatMap((tail) => [...tail.subscribers]);
  }
}
