import type { Session } from "../auth/authenticator.ts";
import { limitExceeded } from "../errors.ts";
import type { Feed } from "../feed/feed.ts";
import type { Store } from "../store/store.ts";

/** What every resolver is given. */
export interface Context extends Session {
  readonly store: Store;
  readonly feed: Feed;
  readonly responseBudget: ResponseBudget;
  /** Aborts when the connection that asked is gone; null where the transport itself ends its subscriptions. */
  readonly closed: AbortSignal | null;
}

/** Counts what one operation has loaded, so that no query, however nested, builds a response without bound (G9). */
export class ResponseBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws LIMIT_EXCEEDED when the operation has now loaded more than it may */
  spend(entries: Iterable<{ readonly sizeBytes: number } | null>): void {
    for (const entry of entries) this.#usedBytes += entry?.sizeBytes ?? 0;
    if (this.#usedBytes > this.#maxBytes) {
      throw limitExceeded(
        "maxResponseBytes",
        this.#maxBytes,
        `The answer would hold more than ${this.#maxBytes} bytes of entries. Ask for less at once.`,
      );
    }
  }
}
