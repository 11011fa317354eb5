/** Runs one piece of work again and again, never twice at the same time. Its callers share runs. */
export class SharedRuns {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | null = null;
  /** The run that follows the one in progress. */
  #following: Promise<void> | null = null;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Returns the run in progress, or begins one. */
  current(): Promise<void> {
    return this.#running ?? this.next();
  }

  /** Returns the first run that begins after this call. It waits for the run in progress, whether that succeeds or not. */
  next(): Promise<void> {
    const begin = () => {
      this.#following = null;
      this.#running = this.#work().finally(() => {
        this.#running = null;
      });
      return this.#running;
    };
    this.#following ??= (this.#running ?? Promise.resolve()).then(begin, begin);
    return this.#following;
  }
}
