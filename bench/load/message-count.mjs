/** Counts messages on many sockets together, and tells when so many have come. */
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

  /** Resolves with the instant at which `more` messages have come after those that have come already. */
  after(more) {
    this.#awaited = this.count + more;
    return new Promise((resolve) => (this.#resolve = resolve));
  }
}
