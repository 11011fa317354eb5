import type { Start } from "./catch-up.ts";
import { EventQueue, type QueueBounds } from "./event-queue.ts";
import type { FeedEvent } from "./feed-event.ts";
import { Member, type Delivery, type MemberOptions } from "./member.ts";

export interface SubscriptionOptions extends Omit<MemberOptions<never>, keyof Delivery<never>> {
  readonly queueBounds: QueueBounds;
}

/** Subscribers in this process receive the event itself as the payload. */
const identity = { key: "event", render: (event: FeedEvent) => event };

/**
 * A subscription with a fixed start: every matching change that is committed later will be delivered, once. It delivers
 * either to a sink or to an iterator.
 */
export class Subscription implements AsyncIterable<FeedEvent> {
  readonly #options: SubscriptionOptions;
  readonly #start: Start;
  #member: Member<never> | null = null;
  #isClosed = false;

  constructor(options: SubscriptionOptions, start: Start) {
    this.#options = options;
    this.#start = start;
  }

  /**
   * Sends every event to the sink, at the sink's pace. Resolves when the subscription is closed or the server stops.
   * @throws UNAUTHENTICATED if the token is revoked or expires, REVISION_COMPACTED, UNAVAILABLE
   */
  deliver<T>(delivery: Delivery<T>): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const { hub, agent, ended, reads, bookmarks } = this.#options;
    const member = new Member<T>({ hub, agent, ended, reads, bookmarks, ...delivery }, this.#start);
    this.#member = member as Member<never>;
    return member.done;
  }

  /** Completes the subscription. */
  close(): void {
    this.#isClosed = true;
    this.#member?.close();
  }

  /** Iterates over the events. The number of waiting events is bounded; `next` throws the errors of `deliver`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<FeedEvent> {
    const queue = new EventQueue(this.#options.queueBounds);
    let end: { readonly failure: unknown } | "complete" | null = null;
    const delivered = this.deliver({ render: identity.render, shared: identity, sink: queue }).then(
      () => {
        end = "complete";
      },
      (failure: unknown) => {
        end = { failure };
      },
    );
    const { ended } = this.#options;
    const close = () => this.close();
    return {
      async next() {
        for (;;) {
          // A reader whose token has ended does not receive the waiting events.
          if (end === "complete") return { done: true, value: undefined };
          if (end !== null) throw (end as { readonly failure: unknown }).failure;
          if (ended.aborted) throw ended.reason;
          const value = queue.take();
          if (value) return { done: false, value };
          await Promise.race([queue.arrival(), delivered]);
        }
      },
      async return() {
        close();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
