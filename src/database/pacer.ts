/** How long synchronous work may hold the event loop, in which requests are read, sockets written and timers run. */
const maxHoldMs = 4;

/** Lets the event loop turn between pieces of synchronous work that belong together. */
export class Pacer {
  #since = performance.now();

  /** Waits for the event loop if it was held for long enough. Call it between two pieces. */
  async pause(): Promise<void> {
    if (this.isDue) await this.#turn();
  }

  /** Whether `pause` would wait. Checking it first saves a promise. */
  get isDue(): boolean {
    return performance.now() - this.#since > maxHoldMs;
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
