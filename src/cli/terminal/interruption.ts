import { constants } from "node:os";

/** A command that a signal has stopped between two steps. Its message says how to go on. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: NodeJS.Signals;

  constructor(message: string, signal: NodeJS.Signals) {
    super(message);
    this.signal = signal;
  }

  /** What a shell makes of the signal; and what is left to exit with where the signal does nothing, as to process 1. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }

  /** Ends the process as the signal would have at once: a shell's loop is to end with it, too. */
  endProcess(): void {
    process.kill(process.pid, this.signal);
  }
}

/** SIGINT and SIGTERM as something to ask for between two steps. The second one ends the process at once. */
export class Interruption implements Disposable {
  #asked: NodeJS.Signals | null = null;
  readonly #ask = (signal: NodeJS.Signals) => {
    this.#asked = signal;
    this[Symbol.dispose]();
  };

  constructor() {
    process.on("SIGINT", this.#ask);
    process.on("SIGTERM", this.#ask);
  }

  /** @throws Interrupted when the command is to end */
  check(howToGoOn: () => string): void {
    if (this.#asked !== null) throw new Interrupted(`Stopped. ${howToGoOn()}`, this.#asked);
  }

  [Symbol.dispose](): void {
    process.off("SIGINT", this.#ask);
    process.off("SIGTERM", this.#ask);
  }
}
