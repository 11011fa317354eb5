/**
 * Runs work in the order in which it was added. Work that needs no wait runs immediately, unless earlier work has not
 * ended.
 */
export class InOrder {
  /** Resolves when the work that was added so far has ended; null: it has. */
  #last: Promise<void> | null = null;

  run<T>(work: () => T | Promise<T>): T | Promise<T> {
    const result = this.#last ? this.#last.then(work) : work();
    if (!(result instanceof Promise)) return result;
    const end = () => {
      if (this.#last === last) this.#last = null;
    };
    const last = result.then(end, end);
    this.#last = last;
    return result;
  }
}
