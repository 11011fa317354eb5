import type { Database } from "../contract.ts";

/** How often to look for logs that no instance follows any more, and how many of them. */
const lookIntervalMs = 60_000;
const usersPerLook = 1_000;

/**
 * Lets the search index follow the logs. What this instance has committed is noticed; what another one left behind is
 * found in time. Until then it is searched all the same, only slower.
 */
export class SearchIndexer {
  readonly #database: Pick<Database, "indexStep" | "readUnindexed">;
  readonly #behind = new Set<string>();
  #nextLook = 0;

  constructor(database: Pick<Database, "indexStep" | "readUnindexed">) {
    this.#database = database;
  }

  /** Their logs have grown. */
  notice(userIds: Iterable<string>): void {
    for (const userId of userIds) this.#behind.add(userId);
  }

  /** Follows each log to its end, a step of one after a step of another, until `isStopping`. */
  async run(isStopping: () => boolean): Promise<void> {
    if (performance.now() >= this.#nextLook) {
      const found = await this.#database.readUnindexed(usersPerLook);
      this.notice(found);
      // There may be more than it was told of.
      if (found.length < usersPerLook) this.#nextLook = performance.now() + lookIntervalMs;
    }
    for (const userId of this.#behind) {
      if (isStopping()) return;
      // First, so that what is committed meanwhile is noticed.
      this.#behind.delete(userId);
      try {
        if (await this.#database.indexStep(userId)) this.#behind.add(userId);
      } catch (error) {
        this.#behind.add(userId);
        throw error;
      }
      // SQLite works within this process: others have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
