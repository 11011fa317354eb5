const firstDelayMs = 100;
const maxDelayMs = 5_000;

/**
 * Delays between attempts. Each is longer than the one before, with random jitter, so that many clients do not retry at
 * the same moment.
 */
export class Backoff {
  #delayMs = firstDelayMs;

  nextMs(): number {
    const delayMs = Math.round(this.#delayMs * (0.5 + Math.random()));
    this.#delayMs = Math.min(2 * this.#delayMs, maxDelayMs);
    return delayMs;
  }

  reset(): void {
    this.#delayMs = firstDelayMs;
  }
}
