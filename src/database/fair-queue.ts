import { unavailable } from "../errors.ts";

/** Work that waits for its turn. */
interface Waiting {
  begin(): void;
}

/**
 * Runs asynchronous work, at most so much of it at the same time. Users take turns: a thousand reads of one user delay
 * another's by no more than those that are running. Work that waits for longer than `maxWaitMs` is refused, as when the
 * database hangs.
 */
export class FairQueue {
  readonly #maxRunning: number;
  readonly #maxWaitMs: number;
  #running = 0;
  /** What waits, by user. The one who was served last is the last. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(maxRunning: number, maxWaitMs: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaitMs = maxWaitMs;
  }

  /** @throws UNAVAILABLE if its turn does not come in time; it was not begun then */
  async run<T>(userId: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running++;
    // Who ends leaves its place to who waited.
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
        reject(unavailable("The database does not answer in time. Try again."));
      }, this.#maxWaitMs);
      const own = this.#waiting.get(userId);
      if (own) own.push(waiting);
      else this.#waiting.set(userId, [waiting]);
    });
  }

  #forget(userId: string, waiting: Waiting): void {
    const left = this.#waiting.get(userId)?.filter((other) => other !== waiting) ?? [];
    if (left.length > 0) this.#waiting.set(userId, left);
    else this.#waiting.delete(userId);
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
