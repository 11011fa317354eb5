import type { Start } from "./catch-up.ts";
import { EventQueue, type QueueBounds } from "./event-queue.ts";
import type { FeedEvent } from "./feed-event.ts";
import { Member, type Delivery, type MemberOptions } from "./member.ts";

export interface SubscriptionOptions extends Omit<MemberOptions<never>, keyof Delivery<never>> {
  readonly queueBounds: QueueBounds;
}

/** For subscribers in this process, an event is its own payload. */
const asItIs = { key: "event", render: (event: FeedEvent) => event };

/**
 * A subscription whose place to begin is fixed: every matching change committed from then on will be delivered. It is
 * delivered once: to a sink, or by iterating over it.
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
   * @throws UNAUTHENTICATED when the token is revoked or expires, REVISION_COMPACTED, UNAVAILABLE
   */
  deliver<T>(delivery: Delivery<T>): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const { hub, ended, reads, bookmarks } = this.#options;
    const member = new Member<T>({ hub, ended, reads, bookmarks, ...delivery }, this.#start);
    this.#member = member as Member<never>;
    return member.done;
  }

  /** Completes the subscription. */
  close(): void {
    this.#isClosed = true;
    this.#member?.close();
  }

  /** Takes event by event. What waits for `next` is bounded; `next` throws as `deliver` does. */
  [Symbol.asyncIterator](): AsyncIterableIterator<FeedEvent> {
    const queue = new EventQueue(this.#options.queueBounds);
    let end: { readonly failure: unknown } | "complete" | null = null;
    const delivered = this.deliver({ render: asItIs.render, shared: asItIs, sink: queue }).then(
      () => {
        end = "complete";
      },
      (failure: unknown) => {
        end = { failure };
      },
    );
    const close = () => this.close();
    return {
      async next() {
        for (;;) {
          // What still waits is not for a reader whose token has ended.
          if (end === "complete") return { done: true, value: undefined };
          if (end !== null) throw (end as { readonly failure: unknown }).failure;
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
