import { bytesOfPages } from "./bytes-of-pages.ts";
import type { SqliteConnection } from "./connection.ts";
import { selectFaults } from "./select-faults.ts";

/** After a check there is none for so many times as long as it took: it may read a large file. */
const restFactor = 500;
const leastRestMs = 1_000;
/** A larger file is not read as a whole: its damage is known when a statement meets it. */
const maxFileBytes = 1024 ** 3;
/** Whoever asks for the result waits for the check of a file of this size: it takes some 30 ms. */
const quickFileBytes = 32 * 1024 ** 2;

/**
 * Reads every page of the database, on a thread of the driver, and says whether their structure is sound. It does so when it
 * is asked, and not more often than its cost allows: a file of 1 MiB every second, one of 1 GiB every ten minutes or so.
 */
export class PageCheck {
  readonly #connection: SqliteConnection;
  #running: Promise<void> | null = null;
  #dueAt = 0;
  #isDamaged = false;

  /** @param connection its own; it keeps no page, so that what it reads is what the file has */
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    connection.execSync("PRAGMA cache_size = 0");
    connection.execSync("PRAGMA temp_store = MEMORY");
  }

  /** Whether the file is damaged, as far as that is known. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** A statement found a damaged page. */
  foundDamage(): void {
    this.#isDamaged = true;
  }

  /** Begins a check if one is due, and waits for it if the file is small. */
  async run(): Promise<void> {
    if (!this.#running && performance.now() < this.#dueAt) return;
    const bytes = bytesOfPages(this.#connection, "page_count");
    this.#running ??= this.#check(bytes).finally(() => (this.#running = null));
    if (bytes <= quickFileBytes) await this.#running;
  }

  async close(): Promise<void> {
    await this.#running;
    this.#connection.close();
  }

  async #check(fileBytes: number): Promise<void> {
    const begin = performance.now();
    if (this.#isDamaged || fileBytes <= maxFileBytes) {
      try {
        // Only statements without results run on the driver's thread.
        await this.#connection.exec(
          `DROP TABLE IF EXISTS temp.finding; CREATE TEMP TABLE finding AS ${selectFaults}`,
        );
        const found = this.#connection.prepare("SELECT 1 FROM temp.finding LIMIT 1").get([]);
        this.#isDamaged = found !== null;
      } catch {
        // It can't be read at all. The connection reports damage; whatever else it is, a write finds it too.
      }
    }
    const end = performance.now();
    this.#dueAt = end + Math.max(leastRestMs, restFactor * (end - begin));
  }
}
