import { setTimeout as pause } from "node:timers/promises";
import { unavailable } from "../errors.ts";
import type { Log } from "./contract.ts";

/** How long a read waits for a revision that its database does not have yet. */
const maxWaitMs = 2_000;
const firstPauseMs = 10;
const maxPauseMs = 200;

/**
 * Waits until the log has a revision, which another instance may already have acknowledged.
 * @param closed ends the wait when the caller has disconnected
 * @throws UNAVAILABLE if the revision does not arrive in time
 */
export async function awaitRevision(
  log: Pick<Log, "readLogEnds">,
  userId: string,
  revision: bigint,
  closed: AbortSignal | null,
): Promise<void> {
  const begin = performance.now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
    const { head } = await log.readLogEnds(userId);
    if (head >= revision) return;
    if (closed?.aborted || performance.now() - begin > maxWaitMs) {
      throw unavailable(
        `atLeast: Revision ${revision} did not arrive within ${maxWaitMs / 1_000} s; the latest revision here is ${head}. Try again, or check that the revision is of this store.`,
      );
    }
    await pause(pauseMs);
  }
}
