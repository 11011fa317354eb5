/** Runs asynchronous work one piece after the other, in the order in which it was given. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** How many pieces wait or run. */
  get length(): number {
    return this.#length;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#length++;
    const turn = this.#last.then(work);
    // Without its result: that would be kept until the next.
    const end = () => void this.#length--;
    this.#last = turn.then(end, end);
    return turn;
  }

  /** Resolves when the work given so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
