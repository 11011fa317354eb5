/** After so long the event loop gets a turn, in which requests are taken, sockets written and writes committed. */
const maxHoldMs = 5;

/**
 * Runs statements of a synchronous driver one after the other, and lets the event loop turn between them. Otherwise a
 * reader of page after page, or a query of a thousand statements, would hold up everyone until it is done.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #turnBegin = performance.now();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (performance.now() - this.#turnBegin > maxHoldMs) await this.#nextTurn();
      return work();
    });
    // Without its result: that would be kept until the next.
    this.#last = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  async #nextTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnBegin = performance.now();
  }
}
