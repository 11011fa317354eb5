/** Counts the messages of many sockets together, and reports when a given number has arrived. */
export class MessageCount {
  count = 0;
  #awaited = Number.POSITIVE_INFINITY;
  #resolve = () => {};

  came = () => {
    this.count += 1;
    if (this.count < this.#awaited) return;
    this.#awaited = Number.POSITIVE_INFINITY;
    this.#resolve(performance.now());
  };

  /** Resolves with the instant at which `more` further messages have arrived. */
  after(more) {
    this.#awaited = this.count + more;
    return new Promise((resolve) => (this.#resolve = resolve));
  }
}
