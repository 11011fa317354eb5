import type { SqliteConnection } from "./connection.ts";

/** A checkpoint runs after this number of commits, or after the time below. */
const commitsPerCheckpoint = 1_000;
const checkpointDelayMs = 1_000;

/**
 * Moves committed pages from the write-ahead log to the database file, on a thread of the driver, so that neither a
 * commit nor the event loop waits for it. If it falls behind, SQLite's own checkpoints do it within a commit.
 */
export class Checkpoints {
  readonly #connection: SqliteConnection;
  #commits = 0;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Call it after each commit. */
  committed(): void {
    this.#commits++;
    if (this.#running) return;
    if (this.#commits >= commitsPerCheckpoint) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), checkpointDelayMs).unref();
  }

  /**
   * Runs a checkpoint now, so that the next commit starts the write-ahead log from its beginning.
   * @param mode `TRUNCATE` also frees the log's disk space, unless a reader is active
   */
  async now(mode: "PASSIVE" | "TRUNCATE"): Promise<void> {
    await this.#running;
    this.#start(mode);
    await this.#running;
  }

  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
    this.#connection.close();
  }

  #start(mode: "PASSIVE" | "TRUNCATE" = "PASSIVE"): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#commits = 0;
    this.#running ??= this.#connection
      .exec(`PRAGMA wal_checkpoint(${mode})`)
      // Another process may be running a checkpoint. The next commit tries again.
      .catch(() => {})
      .finally(() => (this.#running = null));
  }
}
