/** Runs asynchronous work one piece after another, in the order in which it was added. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** Number of pieces that are waiting or running. */
  get length(): number {
    return this.#length;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#length++;
    const turn = this.#last.then(work);
    // It ignores the result, which would otherwise be kept until the next piece.
    const end = () => void this.#length--;
    this.#last = turn.then(end, end);
    return turn;
  }

  /** Resolves when the work that has been added so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
