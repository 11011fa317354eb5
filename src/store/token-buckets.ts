interface Bucket {
  /** The tokens that can be spent; negative for a debt. */
  level: number;
  /** The time of `level` on the monotonic clock, in milliseconds. */
  at: number;
}

/** With this many buckets, full ones are removed: a new bucket is full too. */
const manyBuckets = 10_000;

/**
 * A token bucket for each key. A bucket holds the tokens of one period, by default a second, and refills at that rate. An
 * operation of any cost is admitted while at least one token is left; the resulting debt delays the next operation.
 */
export class TokenBuckets {
  readonly #capacity: number;
  readonly #periodMs: number;
  readonly #buckets = new Map<string, Bucket>();
  /** With this many buckets, full ones are removed next. */
  #many = manyBuckets;

  constructor(capacity: number, periodMs = 1_000) {
    this.#capacity = capacity;
    this.#periodMs = periodMs;
  }

  /**
   * How long until the next operation is admitted; 0: now.
   * @param debt the debt with which an operation is still admitted; negative: the tokens that are spent soon
   */
  waitMs(key: string, now: number, debt = 0): number {
    const bucket = this.#buckets.get(key);
    const level = bucket ? this.#levelOf(bucket, now) : this.#capacity;
    // Wait for a whole token: an operation that costs 1 is not admitted for a fraction.
    const missing = 1 - debt - level;
    return missing <= 0 ? 0 : (missing * this.#periodMs) / this.#capacity;
  }

  spend(key: string, cost: number, now: number): void {
    const bucket = this.#buckets.get(key);
    if (bucket) {
      bucket.level = this.#levelOf(bucket, now) - cost;
      bucket.at = now;
      return;
    }
    if (this.#buckets.size >= this.#many) this.#forget(now);
    this.#buckets.set(key, { level: this.#capacity - cost, at: now });
  }

  #levelOf({ level, at }: Bucket, now: number): number {
    return Math.min(this.#capacity, level + ((now - at) * this.#capacity) / this.#periodMs);
  }

  #forget(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#levelOf(bucket, now) >= this.#capacity) this.#buckets.delete(key);
    }
    // If few are full, the next removal is not soon.
    this.#many = Math.max(manyBuckets, 2 * this.#buckets.size);
  }
}
