import type { Duplex } from "node:stream";
import { nextTurn, nobody } from "../event-loop.ts";

export interface StreamTurnsOptions {
  /** Emits "data" again after a turn. */
  readonly stream: Duplex;
  /** The user whose turn it is; null for a caller without a valid token. */
  readonly userId: () => string | null;
  /** Whether the stream can flow: nothing else has paused it. */
  readonly mayResume: () => boolean;
}

/** Lets what arrives on a connection wait for its user's turn at the event loop. */
export class StreamTurns {
  readonly #options: StreamTurnsOptions;
  #isWaiting = false;

  constructor(options: StreamTurnsOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Pauses the stream until the turn. */
  wait(): void {
    const { stream, mayResume } = this.#options;
    stream.pause();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    void this.next().then(() => {
      this.#isWaiting = false;
      if (mayResume()) stream.resume();
    });
  }

  next(): Promise<void> {
    return nextTurn(this.#options.userId() ?? nobody);
  }
}
