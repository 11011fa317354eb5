/**
 * Runs asynchronous work, at most so much of it at the same time. Users take turns: a thousand reads of one user delay
 * another's by no more than those that are running.
 */
export class FairQueue {
  readonly #maxRunning: number;
  #running = 0;
  /** What waits, by user. The one who was served last is the last. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning;
  }

  async run<T>(userId: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running++;
    // Who ends leaves its place to who waited.
    else await new Promise<void>((resolve) => this.#wait(userId, resolve));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #wait(userId: string, begin: () => void): void {
    const own = this.#waiting.get(userId);
    if (own) own.push(begin);
    else this.#waiting.set(userId, [begin]);
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running--;
      return;
    }
    const [userId, own] = next;
    const begin = own.shift();
    this.#waiting.delete(userId);
    if (own.length > 0) this.#waiting.set(userId, own);
    begin?.();
  }
}
