/**
 * Delays between attempts: each twice as long as the one before, up to the last. By chance a delay is half to one and a
 * half times as long as that, so that many who wait for the same thing do not all come back in the same moment.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  #delayMs: number;

  constructor(firstMs: number, lastMs: number) {
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
    this.#delayMs = firstMs;
  }

  nextMs(): number {
    const delayMs = this.#delayMs * (0.5 + Math.random());
    this.#delayMs = Math.min(2 * this.#delayMs, this.#lastMs);
    return delayMs;
  }

  /** The next delay is the first again. */
  reset(): void {
    this.#delayMs = this.#firstMs;
  }
}
