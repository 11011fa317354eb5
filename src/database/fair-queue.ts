import { unavailable } from "../errors.ts";

/** How many of the places one user leaves free, if there are enough. */
const placesForOthers = 2;

/** Work that waits for its turn. */
interface Waiting {
  begin(): void;
}

/**
 * Runs asynchronous work with limited concurrency. Users take turns, and the slow reads of one user leave places for
 * others, so a thousand waiting reads of one user do not delay another user. Work that waits longer than `maxWaitMs` is
 * refused, for example when the database hangs.
 */
export class FairQueue {
  readonly #maxRunning: number;
  /** The places that one user can hold. */
  readonly #maxOfUser: number;
  readonly #maxWaitMs: number;
  #running = 0;
  readonly #runningOf = new Map<string, number>();
  /** The waiting work by user. The user whose turn was last comes last. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(maxRunning: number, maxWaitMs: number) {
    this.#maxRunning = maxRunning;
    this.#maxOfUser = Math.max(1, maxRunning - placesForOthers);
    this.#maxWaitMs = maxWaitMs;
  }

  /** @throws UNAVAILABLE if its turn does not come in time. The work has not been started then. */
  async run<T>(userId: string, work: () => Promise<T>): Promise<T> {
    if (this.#hasPlaceFor(userId)) this.#enter(userId);
    // Work that ends passes its place to waiting work.
    else await this.#turnOf(userId);
    try {
      return await work();
    } finally {
      this.#leave(userId);
    }
  }

  #hasPlaceFor(userId: string): boolean {
    return this.#running < this.#maxRunning && (this.#runningOf.get(userId) ?? 0) < this.#maxOfUser;
  }

  #enter(userId: string): void {
    this.#running++;
    this.#runningOf.set(userId, (this.#runningOf.get(userId) ?? 0) + 1);
  }

  #turnOf(userId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = {
        begin() {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#forget(userId, waiting);
        reject(unavailable("The database does not respond in time. Try again."));
      }, this.#maxWaitMs);
      const own = this.#waiting.get(userId);
      if (own) own.push(waiting);
      else this.#waiting.set(userId, [waiting]);
    });
  }

  #forget(userId: string, waiting: Waiting): void {
    const own = this.#waiting.get(userId) ?? [];
    // It is usually the first, because work that waits longest is refused first.
    own.splice(own.indexOf(waiting), 1);
    if (own.length === 0) this.#waiting.delete(userId);
  }

  #leave(userId: string): void {
    this.#running--;
    const left = (this.#runningOf.get(userId) ?? 0) - 1;
    if (left > 0) this.#runningOf.set(userId, left);
    else this.#runningOf.delete(userId);
    for (const [next, own] of this.#waiting) {
      if (!this.#hasPlaceFor(next)) continue;
      const waiting = own.shift();
      this.#waiting.delete(next);
      if (own.length > 0) this.#waiting.set(next, own);
      this.#enter(next);
      waiting?.begin();
      return;
    }
  }
}
