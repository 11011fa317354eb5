import { setImmediate, setTimeout } from "node:timers/promises";
import type { Indexing } from "../contract.ts";

/** How often to look for logs that no instance follows any more, and how many of them. */
const lookIntervalMs = 60_000;
const usersPerLook = 1_000;
/**
 * While writes go on, indexing takes this part of the time: a write may have to wait for a step to end. An index that is
 * many changes behind takes more of it, for searches read all those from the log.
 */
const usualShare = 0.02;
const urgentShare = 0.1;
const urgentlyBehind = 50_000;
const maxPauseMs = 500;

/**
 * Lets the search index follow the logs:
 *
 * 1. A log that this instance has written to is noticed. One that another instance left behind is found by looking.
 * 2. Each run takes one step of every such log in turn, until no step leaves more to do. So a log that is written all
 *    the time costs a few transactions a run, however many its writes are.
 * 3. While writes go on, each step is followed by a pause that is many times as long.
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
    const share = behind < urgentlyBehind ? usualShare : urgentShare;
    // SQLite works on this thread: other requests have their turn.
    if (this.#isWritten) await setTimeout(Math.min(stepMs * (1 / share - 1), maxPauseMs));
    else await setImmediate();
  }
}
