import { unavailable } from "../errors.ts";

/** Work that waits for its turn. */
interface Waiting {
  begin(): void;
}

/**
 * Runs asynchronous work with limited concurrency. Users take turns: a thousand waiting reads of one user delay another
 * user only by those that are already running. Work that waits longer than `maxWaitMs` is refused, for example when the
 * database hangs.
 */
export class FairQueue {
  readonly #maxRunning: number;
  readonly #maxWaitMs: number;
  #running = 0;
  /** The waiting work by user. The user whose turn was last comes last. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(maxRunning: number, maxWaitMs: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaitMs = maxWaitMs;
  }

  /** @throws UNAVAILABLE if its turn does not come in time. The work has not been started then. */
  async run<T>(userId: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running++;
    // Work that ends passes its place to waiting work.
    else await this.#turnOf(userId);
    try {
      return await work();
    } finally {
      this.#leave();
    }
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

  #leave(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running--;
      return;
    }
    const [userId, own] = next;
    const waiting = own.shift();
    this.#waiting.delete(userId);
    if (own.length > 0) this.#waiting.set(userId, own);
    waiting?.begin();
  }
}
