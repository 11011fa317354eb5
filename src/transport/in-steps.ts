import type { Steps } from "../json/long-value-parts.ts";

/** How long work on a long text may hold up others. */
const maxHoldMs = 4;

/** Does work in one go. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does work in steps, and lets others on between them. */
export async function inSteps<T>(steps: Steps<T>): Promise<T> {
  for (let beganAt = performance.now(); ;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - beganAt < maxHoldMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    beganAt = performance.now();
  }
}
