import { isLoopHeld, nextTurn, writers } from "../event-loop.ts";

/** Yields to the event loop between pieces of a transaction's synchronous work. */
export class Pacer {
  /** Yields to the event loop if the work has blocked it for long enough. Call it between two pieces. */
  async pause(): Promise<void> {
    if (this.isDue) await nextTurn(writers);
  }

  /** Whether `pause` would yield. Checking it first saves a promise. */
  get isDue(): boolean {
    return isLoopHeld();
  }
}
