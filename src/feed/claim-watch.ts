import type { Selection } from "../store/model/change.ts";
import { equalClaimCounts, type ClaimCounts } from "../store/model/claim-counts.ts";
import type { ClaimTally } from "../store/read-claims.ts";
import { failWhenEnded, forgetEnding } from "./ending.ts";
import { patiently } from "./patiently.ts";

/** The shortest time from one count to the next; and at least so many times as long as the count took (G14). */
const minPauseMs = 200;
const pausePerCount = 9;
/** A watch counts at least this often, whatever it is told. */
const maxPauseMs = 5_000;

export interface ClaimWatchOptions {
  readonly selection: Selection;
  readonly count: (closed: AbortSignal) => Promise<ClaimTally>;
  /** Aborts, with the error to fail with, when the session is over. */
  readonly ended: AbortSignal;
  /** Called once, when the watch is over. */
  readonly over: () => void;
}

/**
 * The counts of a selection: as they are, then each time the work may have gone on. It keeps nothing but what was
 * delivered last, so a slow reader costs nothing: it is given the counts of the moment in which it asks (G9).
 */
export class ClaimWatch implements AsyncIterableIterator<ClaimCounts> {
  readonly selection: Selection;
  readonly #options: ClaimWatchOptions;
  readonly #closed = new AbortController();
  #last: ClaimCounts | null = null;
  #isDue = true;
  #mayCountAt = 0;
  #failure: { readonly reason: unknown } | null = null;
  #wake: () => void = () => {};
  #nextAt: Date | null = null;

  constructor(options: ClaimWatchOptions) {
    this.#options = options;
    this.selection = options.selection;
    failWhenEnded(options.ended, this);
  }

  /** The counts may be others now. */
  notice(): void {
    this.#isDue = true;
    this.#wake();
  }

  /** @throws UNAUTHENTICATED when the token is revoked or expires */
  async next(): Promise<IteratorResult<ClaimCounts>> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const isTold = await this.#due();
      if (signal.aborted) break;
      const beganAt = performance.now();
      this.#isDue = false;
      const tally = await patiently(
        () => this.#options.count(signal),
        () => signal.aborted,
      );
      if (!tally) break;
      const tookMs = performance.now() - beganAt;
      this.#mayCountAt = performance.now() + Math.max(minPauseMs, pausePerCount * tookMs);
      this.#nextAt = tally.nextAt;
      const isSame = this.#last !== null && equalClaimCounts(this.#last, tally.counts);
      this.#last = tally.counts;
      // A lease that was renewed or handed on changes no count, and is to be looked at all the same.
      if (isTold || !isSame) return { done: false, value: tally.counts };
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

  /** Waits until it is time to count. Returns whether it was told to. */
  async #due(): Promise<boolean> {
    const untilChange = this.#nextAt
      ? Math.max(1, this.#nextAt.getTime() - Date.now())
      : maxPauseMs;
    await this.#pause(Math.min(maxPauseMs, untilChange), () => this.#isDue);
    await this.#pause(this.#mayCountAt - performance.now(), () => false);
    return this.#isDue;
  }

  /** Ends early when the watch is closed, or when it is woken and this holds. */
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
