import { bytesOfPages } from "./bytes-of-pages.ts";
import type { SqliteConnection } from "./connection.ts";
import { selectPageErrors } from "./select-page-errors.ts";

/** The pause after a check is its duration times this, because it can read a large file. */
const restFactor = 500;
const leastRestMs = 1_000;
/** A larger file is not checked. Its damage is detected when a statement reads a damaged page. */
const maxFileBytes = 1024 ** 3;
/** `run` waits for the check of a file up to this size, which takes about 30 ms. */
const quickFileBytes = 32 * 1024 ** 2;

/**
 * Reads every page of the database, on a thread of the driver, and reports whether their structure is valid. It does so on
 * request, and only as often as its cost allows: a file of 1 MiB every second, one of 1 GiB about every ten minutes.
 */
export class PageCheck {
  readonly #connection: SqliteConnection;
  #running: Promise<void> | null = null;
  #dueAt = 0;
  #isDamaged = false;

  /** @param connection a separate connection without a page cache, so that it reads the file's current pages */
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    connection.execSync("PRAGMA cache_size = 0");
    connection.execSync("PRAGMA temp_store = MEMORY");
  }

  /** Whether damage to the file is known. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Records that a statement found a damaged page. */
  foundDamage(): void {
    this.#isDamaged = true;
  }

  /** Starts a check if one is due, and waits for it if the file is small. */
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
          `DROP TABLE IF EXISTS temp.finding; CREATE TEMP TABLE finding AS ${selectPageErrors}`,
        );
        const found = this.#connection.prepare("SELECT 1 FROM temp.finding LIMIT 1").get([]);
        this.#isDamaged = found !== null;
      } catch {
        // The file cannot be read. The connection reports damage, and a write encounters any other problem, too.
      }
    }
    const end = performance.now();
    this.#dueAt = end + Math.max(leastRestMs, restFactor * (end - begin));
  }
}
