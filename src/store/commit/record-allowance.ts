import { BatonError } from "../../errors.ts";
import { TokenBuckets } from "../token-buckets.ts";
import type { Command } from "./command.ts";
import { recordAgeMs } from "./idempotency.ts";

/**
 * Limits the idempotency records of each user. A record that was removed early would make a retry a second write (G12), so
 * a call whose record has no room is refused. Each operation of a call counts, because its result is in the record.
 *
 * Calls that add no data can use as much again, so that a client that sends a key with each write can still delete.
 */
export class RecordAllowance {
  readonly #maxPerDay: number;
  readonly #buckets: TokenBuckets | null;

  /** @param maxPerDay 0: no limit */
  constructor(maxPerDay: number) {
    this.#maxPerDay = maxPerDay;
    this.#buckets = maxPerDay > 0 ? new TokenBuckets(maxPerDay, recordAgeMs) : null;
  }

  /**
   * Returns the error with which to refuse a call, or null if its record has room.
   * @param recorded the user's operations with a record that the same transaction already has
   */
  refusal({ userId }: Command, addsData: boolean, recorded: number): BatonError | null {
    const debt = (addsData ? 0 : this.#maxPerDay) - recorded;
    const waitMs = this.#buckets?.waitMs(userId, performance.now(), debt);
    if (!waitMs) return null;
    const max = this.#maxPerDay;
    const retryAfterMs = Math.ceil(waitMs);
    return new BatonError(
      "RATE_LIMITED",
      `The server keeps the results of at most ${max} operations with an idempotencyKey per day for one user; nothing was written. Try again in ${retryAfterMs} ms, or send the call without a key.`,
      { limit: "maxKeyedWritesPerDay", max, retryAfterMs },
    );
  }

  /**
   * Spends the records of a transaction that has committed: at most the allowance of a day, so that one large call delays no
   * delete for longer.
   * @param recorded the number of operations with a record, by user
   */
  spend(recorded: ReadonlyMap<string, number>): void {
    const now = performance.now();
    for (const [userId, count] of recorded) {
      this.#buckets?.spend(userId, Math.min(count, this.#maxPerDay), now);
    }
  }
}
