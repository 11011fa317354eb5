import type { Session } from "../auth/authenticator.ts";
import { BatonError, limitExceeded } from "../errors.ts";
import type { Feed } from "../feed/feed.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "../store/writer.ts";

/** What every resolver is given. */
export interface Context extends Session {
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly responseBudget: ResponseBudget;
  /** Aborts when the connection that asked is gone. */
  readonly closed: AbortSignal | null;
}

/** What the answers that a connection has not taken yet may hold together. */
export interface AnswersUnderWay {
  bytes: number;
  readonly maxBytes: number;
}

/** Counts what one operation has loaded, so that no query, however nested, builds a response without bound (G9). */
export class ResponseBudget {
  readonly #maxBytes: number;
  readonly #underWay: AnswersUnderWay | null;
  #usedBytes = 0;

  /** `underWay` is shared by the operations of one connection that are answered side by side. */
  constructor(maxBytes: number, underWay: AnswersUnderWay | null) {
    this.#maxBytes = maxBytes;
    this.#underWay = underWay;
  }

  /** The answer has been taken. Each event of a subscription is an answer of its own. */
  reset(): void {
    if (this.#underWay) this.#underWay.bytes -= this.#usedBytes;
    this.#usedBytes = 0;
  }

  /** @throws LIMIT_EXCEEDED when the operation has now loaded more than it may, RATE_LIMITED when its connection has */
  spend(entries: Iterable<{ readonly sizeBytes: number } | null>): void {
    this.count(entries);
    this.requireRoom();
  }

  /** Of what was written: it is not taken back for its answer's size. */
  count(entries: Iterable<{ readonly sizeBytes: number } | null>): void {
    let bytes = 0;
    for (const entry of entries) bytes += entry?.sizeBytes ?? 0;
    this.#usedBytes += bytes;
    if (this.#underWay) this.#underWay.bytes += bytes;
  }

  /** @throws LIMIT_EXCEEDED, RATE_LIMITED when there is too much already */
  requireRoom(): void {
    if (this.#usedBytes > this.#maxBytes) {
      throw limitExceeded(
        "maxResponseBytes",
        this.#maxBytes,
        `The answer would hold more than ${this.#maxBytes} bytes of entries. Ask for less at once.`,
      );
    }
    if (this.#underWay && this.#underWay.bytes > this.#underWay.maxBytes) {
      throw new BatonError(
        "RATE_LIMITED",
        `The answers that this socket has not read yet hold more than ${this.#underWay.maxBytes} bytes. Read them first.`,
      );
    }
  }
}
