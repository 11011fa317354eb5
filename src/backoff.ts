/**
 * Delays between attempts. Each is twice as long as the one before, up to a maximum. Each is multiplied by a random
 * factor from 0.5 to 1.5, so that clients that wait for the same event do not all return at the same moment.
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

  /** Starts again with the first delay. */
  reset(): void {
    this.#delayMs = this.#firstMs;
  }
}
