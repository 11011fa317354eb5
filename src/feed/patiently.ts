import { setTimeout as pause } from "node:timers/promises";
import { isUnavailable } from "../errors.ts";

/** How long a reader waits before it asks an unavailable database again: at first, and at most. */
const firstRetryMs = 100;
const lastRetryMs = 1_000;

/**
 * Reads until the database can be reached.
 * @returns null when the reader was closed meanwhile
 * @throws every other failure of the read
 */
export async function patiently<R extends object>(
  read: () => Promise<R>,
  isClosed: () => boolean,
): Promise<R | null> {
  for (let delayMs = firstRetryMs; ; delayMs = Math.min(2 * delayMs, lastRetryMs)) {
    try {
      const result = await read();
      return isClosed() ? null : result;
    } catch (error) {
      if (isClosed()) return null;
      if (!isUnavailable(error)) throw error;
      await retryPause(delayMs);
      if (isClosed()) return null;
    }
  }
}

/** Waits about as long: many readers wait for the same database. */
export function retryPause(delayMs = firstRetryMs): Promise<void> {
  return pause(delayMs * (0.5 + Math.random()), undefined, { ref: false });
}
