interface Bucket {
  /** What may be spent; below 0, a debt. */
  level: number;
  /** By the monotonic clock, in milliseconds. */
  at: number;
}

/** Beyond so many, those that are full again are forgotten: they are like new ones. */
const maxBuckets = 10_000;

/**
 * A token bucket for each key. It holds what may be spent in a second, and fills at that rate. Something may be spent while
 * there is anything in it, whatever it costs; a debt is paid by waiting.
 */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** How long until something may be spent; 0: now. */
  waitMs(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return 0;
    // A whole one: what costs 1 is not admitted for a part of it.
    const missing = 1 - this.#levelOf(bucket, now);
    return missing <= 0 ? 0 : (missing * 1_000) / this.#perSecond;
  }

  spend(key: string, cost: number, now: number): void {
    const bucket = this.#buckets.get(key);
    if (bucket) {
      bucket.level = this.#levelOf(bucket, now) - cost;
      bucket.at = now;
      return;
    }
    if (this.#buckets.size >= maxBuckets) this.#forget(now);
    this.#buckets.set(key, { level: this.#perSecond - cost, at: now });
  }

  #levelOf({ level, at }: Bucket, now: number): number {
    return Math.min(this.#perSecond, level + ((now - at) * this.#perSecond) / 1_000);
  }

  #forget(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#levelOf(bucket, now) >= this.#perSecond) this.#buckets.delete(key);
    }
  }
}
