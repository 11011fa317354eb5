import { setImmediate, setTimeout } from "node:timers/promises";
import type { Indexing } from "../contract.ts";

/** How often to check for logs that are ahead of the index and that no instance has noticed, and for how many users. */
const lookIntervalMs = 60_000;
const usersPerLook = 1_000;
/**
 * The part of the time that indexing takes while writes continue, by how many changes the index is behind. A write that
 * arrives during a step waits for it, so a short lag is left for later. Searches read what is not indexed from the log,
 * so a long lag takes more of the time.
 */
const shares = [
  { behind: 0, share: 0.005 },
  { behind: 10_000, share: 0.02 },
  { behind: 50_000, share: 0.1 },
] as const;
const maxPauseMs = 500;

/**
 * Updates the search index from the logs:
 *
 * 1. The committer reports the logs that this instance has written. A periodic check finds logs that another instance
 *    did not finish.
 * 2. Each run takes one step for each such log in turn, until all are up to date. A log that is written continuously
 *    costs only a few transactions for each run, regardless of its number of writes.
 * 3. During writes, each step is followed by a pause that is many times as long.
 */
export class SearchIndexer {
  readonly #index: Indexing;
  #behind = new Set<string>();
  #isWritten = false;
  #nextLook = 0;

  constructor(index: Indexing) {
    this.#index = index;
  }

  /** Reports the users whose logs have grown. */
  notice(userIds: Iterable<string>): void {
    this.#isWritten = true;
    for (const userId of userIds) this.#behind.add(userId);
  }

  /** Processes the logs that are ahead of the index, until `isStopping` returns true. */
  async run(isStopping: () => boolean): Promise<void> {
    if (performance.now() >= this.#nextLook) {
      const found = await this.#index.readUnindexed(usersPerLook);
      for (const userId of found) this.#behind.add(userId);
      // A full result can mean that there are more.
      if (found.length < usersPerLook) this.#nextLook = performance.now() + lookIntervalMs;
    }
    for (let hasMore = true; hasMore;) {
      hasMore = false;
      for (const userId of new Set(this.#behind)) {
        if (isStopping()) return;
        if (await this.#step(userId)) hasMore = true;
      }
    }
  }

  async #step(userId: string): Promise<boolean> {
    // Remove it before the step, so that a commit during the step is noticed.
    this.#behind.delete(userId);
    const begin = performance.now();
    let behind = 1;
    try {
      behind = await this.#index.indexStep(userId);
    } finally {
      if (behind > 0) this.#behind.add(userId);
    }
    await this.#pause(performance.now() - begin, behind);
    return behind > 0;
  }

  async #pause(stepMs: number, behind: number): Promise<void> {
    const { share } = shares.findLast((one) => behind >= one.behind) ?? shares[0];
    // Writes since the previous step count: a single writer that waits for this step has written nothing during it.
    const isWritten = this.#isWritten;
    this.#isWritten = false;
    // SQLite works on this thread: other requests have their turn.
    if (isWritten) await setTimeout(Math.min(stepMs * (1 / share - 1), maxPauseMs));
    else await setImmediate();
  }
}
