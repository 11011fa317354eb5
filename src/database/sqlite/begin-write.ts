import { setTimeout as pause } from "node:timers/promises";
import { Backoff } from "../../backoff.ts";
import type { SqliteConnection } from "./connection.ts";
import { isBusy } from "./errors.ts";

/** How long a write waits for the write of another process, such as `baton token create`. */
export const busyTimeoutMs = 5_000;
const firstBusyPauseMs = 1;
const lastBusyPauseMs = 50;

/**
 * Begins a write transaction. The first attempt runs on this thread without waiting, because that is the fastest. While
 * another process writes, further attempts follow after pauses, which do not block the event loop.
 * @throws UNAVAILABLE after `busyTimeoutMs`
 */
export async function beginWrite(writer: SqliteConnection): Promise<void> {
  const deadline = performance.now() + busyTimeoutMs;
  const backoff = new Backoff(firstBusyPauseMs, lastBusyPauseMs);
  for (;;) {
    try {
      return writer.execSync("BEGIN IMMEDIATE");
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await pause(backoff.nextMs());
  }
}
