import type { Selection } from "../store/model/change.ts";
import { equalClaimCounts, type ClaimCounts } from "../store/model/claim-counts.ts";
import type { ClaimTally } from "../store/read-claims.ts";
import type { SerialQueue } from "../serial-queue.ts";
import { failWhenEnded, forgetEnding } from "./ending.ts";
import { patiently } from "./patiently.ts";

/** The least pause between two counts. It is also at least `pausePerCount` times as long as the count took (G14). */
const minPauseMs = 200;
const pausePerCount = 9;
/** The longest pause between two counts, without a notification. */
const maxPauseMs = 5_000;

export interface ClaimWatchOptions {
  readonly userId: string;
  readonly selection: Selection;
  readonly count: (closed: AbortSignal) => Promise<ClaimTally>;
  /** The counts of all watches of the user. */
  readonly counts: SerialQueue;
  /** Aborts when the session ends; the watch then fails with its reason. */
  readonly ended: AbortSignal;
  /** Called once, when the watch has ended. */
  readonly over: () => void;
}

/**
 * Iterates over the counts of a selection: the current counts, and new ones after each change of the work. It holds
 * only the last delivered counts, so a slow reader costs nothing: it receives the counts at the time of its request
 * (G9).
 */
export class ClaimWatch implements AsyncIterableIterator<ClaimCounts> {
  readonly selection: Selection;
  readonly #options: ClaimWatchOptions;
  readonly #closed = new AbortController();
  #last: ClaimCounts | null = null;
  #isDue = true;
  /** Whether a notification caused the current count. */
  #isTold = false;
  #mayCountAt = 0;
  #failure: { readonly reason: unknown } | null = null;
  #wake: () => void = () => {};
  /** When time alone changes the counts, by the monotonic clock. */
  #nextAt: number | null = null;

  constructor(options: ClaimWatchOptions) {
    this.#options = options;
    this.selection = options.selection;
    failWhenEnded(options.ended, options.userId, this);
  }

  /** Reports that the counts may have changed. */
  notice(): void {
    this.#isDue = true;
    this.#wake();
  }

  /** @throws UNAUTHENTICATED if the token is revoked or expires */
  async next(): Promise<IteratorResult<ClaimCounts>> {
    const { ended, counts } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await this.#due();
      if (signal.aborted) break;
      this.#isTold = false;
      const tally = await patiently(
        () => counts.run(() => this.#count()),
        () => signal.aborted,
      );
      // The session can have ended, although this watch has not failed yet.
      if (ended.aborted) this.fail(ended.reason);
      if (!tally || signal.aborted) break;
      this.#nextAt = tally.nextInMs === null ? null : performance.now() + tally.nextInMs;
      const isSame = this.#last !== null && equalClaimCounts(this.#last, tally.counts);
      this.#last = tally.counts;
      // A renewed or transferred lease changes no count, but is delivered too.
      if (this.#isTold || !isSame) return { done: false, value: tally.counts };
    }
    if (this.#failure) throw this.#failure.reason;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<ClaimCounts>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    forgetEnding(this.#options.ended, this);
    this.#options.over();
    this.#wake();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Counts, in its turn. A notification that arrives from now on causes another count. */
  async #count(): Promise<ClaimTally> {
    const { signal } = this.#closed;
    signal.throwIfAborted();
    this.#isTold ||= this.#isDue;
    this.#isDue = false;
    const beganAt = performance.now();
    const tally = await this.#options.count(signal);
    const tookMs = performance.now() - beganAt;
    this.#mayCountAt = performance.now() + Math.max(minPauseMs, pausePerCount * tookMs);
    return tally;
  }

  /** Waits until the next count is due. */
  async #due(): Promise<void> {
    const untilChange =
      this.#nextAt === null ? maxPauseMs : Math.max(1, this.#nextAt - performance.now());
    await this.#pause(Math.min(maxPauseMs, untilChange), () => this.#isDue);
    await this.#pause(this.#mayCountAt - performance.now(), () => false);
  }

  /** Ends early if the watch is closed, or if it is woken and `isOver` returns true. */
  async #pause(ms: number, isOver: () => boolean): Promise<void> {
    const { signal } = this.#closed;
    const deadline = performance.now() + ms;
    while (!signal.aborted && !isOver()) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
