import type { SearchIndex } from "../contract.ts";

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
 * 2. Each run takes steps, of one log after another, until every log is followed to its end. A key that is written
 *    again and again is indexed once a step reaches its last change.
 * 3. While writes go on, a step is followed by a pause that is several times as long.
 *
 * Entries that are not indexed yet are found all the same: a search reads them from the log.
 */
export class SearchIndexer {
  readonly #index: Pick<SearchIndex, "indexStep" | "readUnindexed">;
  readonly #behind = new Set<string>();
  #isWritten = false;
  #nextLook = 0;

  constructor(index: Pick<SearchIndex, "indexStep" | "readUnindexed">) {
    this.#index = index;
  }

  /** Call it with the users whose logs have grown. */
  notice(userIds: Iterable<string>): void {
    this.#isWritten = true;
    for (const userId of userIds) this.#behind.add(userId);
  }

  /** Follows each log to its end, until `isStopping`. */
  async run(isStopping: () => boolean): Promise<void> {
    if (performance.now() >= this.#nextLook) await this.#look();
    for (const userId of this.#behind) {
      if (isStopping()) return;
      // First, so that what is committed during the step is noticed.
      this.#behind.delete(userId);
      this.#isWritten = false;
      const begin = performance.now();
      try {
        if (await this.#index.indexStep(userId)) this.#behind.add(userId);
      } catch (error) {
        this.#behind.add(userId);
        throw error;
      }
      await this.#pause(performance.now() - begin);
    }
  }

  async #look(): Promise<void> {
    const found = await this.#index.readUnindexed(usersPerLook);
    for (const userId of found) this.#behind.add(userId);
    // There may be more than it was told of.
    if (found.length < usersPerLook) this.#nextLook = performance.now() + lookIntervalMs;
  }

  async #pause(stepMs: number): Promise<void> {
    // SQLite works on this thread: other requests have their turn.
    if (!this.#isWritten) return new Promise((resolve) => setImmediate(resolve));
    const pauseMs = Math.min(stepMs * (1 / maxShare - 1), maxPauseMs);
    return new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
