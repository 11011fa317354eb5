import { setTimeout as pause } from "node:timers/promises";
import { Backoff } from "../backoff.ts";
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
  const backoff = newBackoff();
  for (;;) {
    try {
      const result = await read();
      return isClosed() ? null : result;
    } catch (error) {
      if (isClosed()) return null;
      if (!isUnavailable(error)) throw error;
      await retryPause(backoff);
      if (isClosed()) return null;
    }
  }
}

/** Waits about as long: many readers wait for the same database. */
export function retryPause(backoff = newBackoff()): Promise<void> {
  return pause(backoff.nextMs(), undefined, { ref: false });
}

function newBackoff(): Backoff {
  return new Backoff(firstRetryMs, lastRetryMs);
}
