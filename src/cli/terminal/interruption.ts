import { constants } from "node:os";
import { StartError } from "../../start-error.ts";

/** A signal stopped the command between two steps. The message says how to continue. */
export class Interrupted extends StartError {
  readonly signal: NodeJS.Signals;

  constructor(message: string, signal: NodeJS.Signals) {
    // The exit code that a shell reports for the signal. Used if the signal does not end the process, as for process 1.
    super(message, 128 + constants.signals[signal]);
    this.signal = signal;
  }

  /** Ends the process with the signal itself, so that a loop in the calling shell ends, too. */
  endProcess(): void {
    process.kill(process.pid, this.signal);
  }
}

/** Turns the first SIGINT or SIGTERM into a request to stop between two steps. The second one ends the process immediately. */
export class Interruption implements Disposable {
  #requested: NodeJS.Signals | null = null;
  readonly #request = (signal: NodeJS.Signals) => {
    this.#requested = signal;
    this[Symbol.dispose]();
  };

  constructor() {
    process.on("SIGINT", this.#request);
    process.on("SIGTERM", this.#request);
  }

  /** @throws Interrupted when the command must stop */
  check(howToGoOn: () => string): void {
    if (this.#requested !== null) {
      throw new Interrupted(`Stopped. ${howToGoOn()}`, this.#requested);
    }
  }

  [Symbol.dispose](): void {
    process.off("SIGINT", this.#request);
    process.off("SIGTERM", this.#request);
  }
}
