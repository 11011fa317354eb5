import { StartError } from "../start-error.ts";

/** SIGINT and SIGTERM as something to ask for between two steps. The second one ends the process at once. */
export class Interruption implements Disposable {
  #isAsked = false;
  readonly #ask = () => {
    this.#isAsked = true;
    this[Symbol.dispose]();
  };

  constructor() {
    process.on("SIGINT", this.#ask);
    process.on("SIGTERM", this.#ask);
  }

  /** @throws StartError when the command is to end */
  check(howToGoOn: () => string): void {
    if (this.#isAsked) throw new StartError(`Stopped. ${howToGoOn()}`);
  }

  [Symbol.dispose](): void {
    process.off("SIGINT", this.#ask);
    process.off("SIGTERM", this.#ask);
  }
}
