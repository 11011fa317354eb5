import { isLoopHeld, nextTurn } from "./event-loop.ts";
import type { Steps } from "./json/long-value-parts.ts";

/** Runs all steps without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Like `inSteps`, without a promise if the steps end before the turn has worked for long. */
export function inFewSteps<T>(steps: Steps<T>, who: string): T | Promise<T> {
  while (!isLoopHeld()) {
    const { done, value } = steps.next();
    if (done) return value;
  }
  return inSteps(steps, who);
}

/**
 * Runs steps, and lets other work run between them.
 * @param who the user that the work is for, or `nobody`
 */
export async function inSteps<T>(steps: Steps<T>, who: string): Promise<T> {
  for (;;) {
    if (isLoopHeld()) await nextTurn(who);
    const { done, value } = steps.next();
    if (done) return value;
  }
}
