import { isLoopHeld, nextTurn, writers } from "../event-loop.ts";

/** Lets the event loop turn between pieces of synchronous work of a transaction. */
export class Pacer {
  /** Waits for the event loop if it was held for long enough. Call it between two pieces. */
  async pause(): Promise<void> {
    if (this.isDue) await nextTurn(writers);
  }

  /** Whether `pause` would wait. Checking it first saves a promise. */
  get isDue(): boolean {
    return isLoopHeld();
  }
}
