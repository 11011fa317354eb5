import { setTimeout as pause } from "node:timers/promises";
import { Backoff } from "../backoff.ts";
import { isUnavailable } from "../errors.ts";

/** The first and the longest pause before a reader retries an unavailable database. */
const firstRetryMs = 100;
const lastRetryMs = 1_000;

/**
 * Repeats a read until the database can be reached.
 * @returns null if the reader was closed in between
 * @throws every other error of the read
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

/** Pauses before a retry. The length is random, because many readers wait for the same database. */
export function retryPause(backoff = newBackoff()): Promise<void> {
  return pause(backoff.nextMs(), undefined, { ref: false });
}

function newBackoff(): Backoff {
  return new Backoff(firstRetryMs, lastRetryMs);
}
