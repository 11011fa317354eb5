import { isLoopHeld, nextTurn } from "./event-loop.ts";
import type { Steps } from "./json/long-value-parts.ts";

/** Does work in one go. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Does work in steps, and lets others on between them.
 * @param who the user that it is done for, or `nobody`
 */
export async function inSteps<T>(steps: Steps<T>, who: string): Promise<T> {
  for (;;) {
    if (isLoopHeld()) await nextTurn(who);
    const { done, value } = steps.next();
    if (done) return value;
  }
}
