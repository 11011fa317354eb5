interface Bucket {
  /** The tokens that can be spent; negative for a debt. */
  level: number;
  /** The time of `level` on the monotonic clock, in milliseconds. */
  at: number;
}

/** If there are more buckets than this, full ones are removed: a new bucket is full too. */
const maxBuckets = 10_000;

/**
 * A token bucket for each key. A bucket holds the tokens of one second and refills at that rate. An operation of any
 * cost is admitted while at least one token is left; the resulting debt delays the next operation.
 */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** How long until the next operation is admitted; 0: now. */
  waitMs(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return 0;
    // Wait for a whole token: an operation that costs 1 is not admitted for a fraction.
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
