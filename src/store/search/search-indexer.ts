import { setImmediate, setTimeout } from "node:timers/promises";
import type { Indexing } from "../contract.ts";

/** How often to look for logs that no instance follows any more, and how many of them. */
const lookIntervalMs = 60_000;
const usersPerLook = 1_000;
/** While writes go on, indexing takes at most this part of the time. A write may have to wait for a step to end. */
const maxShare = 0.1;
const maxPauseMs = 500;

/**
 * Lets the search index follow the logs:
 *
 * 1. A log that this instance has written to is noticed. One that another instance left behind is found by looking.
 * 2. Each run takes one step of every such log in turn, until no step leaves more to do. So a log that is written all
 *    the time costs a few transactions a run, however many its writes are.
 * 3. While writes go on, each step is followed by a pause that is several times as long.
 */
export class SearchIndexer {
  readonly #index: Indexing;
  #behind = new Set<string>();
  #isWritten = false;
  #nextLook = 0;

  constructor(index: Indexing) {
    this.#index = index;
  }

  /** Call it with the users whose logs have grown. */
  notice(userIds: Iterable<string>): void {
    this.#isWritten = true;
    for (const userId of userIds) this.#behind.add(userId);
  }

  /** Follows the logs that are behind, until `isStopping`. */
  async run(isStopping: () => boolean): Promise<void> {
    if (performance.now() >= this.#nextLook) {
      const found = await this.#index.readUnindexed(usersPerLook);
      for (const userId of found) this.#behind.add(userId);
      // There may be more than it was told of.
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
    // First, so that what is committed during the step is noticed.
    this.#behind.delete(userId);
    this.#isWritten = false;
    const begin = performance.now();
    let hasMore = true;
    try {
      hasMore = await this.#index.indexStep(userId);
    } finally {
      if (hasMore) this.#behind.add(userId);
    }
    await this.#pause(performance.now() - begin);
    return hasMore;
  }

  async #pause(stepMs: number): Promise<void> {
    // SQLite works on this thread: other requests have their turn.
    if (this.#isWritten) await setTimeout(Math.min(stepMs * (1 / maxShare - 1), maxPauseMs));
    else await setImmediate();
  }
}
