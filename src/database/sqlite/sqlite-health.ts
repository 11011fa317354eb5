import { notReadyForLowDisk, unavailable, type BatonError } from "../../errors.ts";
import { within } from "../../within.ts";
import type { DatabaseFiles } from "./database-files.ts";
import type { DiskSpace, SpaceOfDatabase } from "./disk-space.ts";
import { permanentCodes } from "./errors.ts";
import type { PageCheck } from "./page-check.ts";

/** A committed write proves for this long that writes are possible. */
const provenMs = 1_000;
/** A database that takes longer for a small write cannot serve. */
const writeTimeoutMs = 2_000;

export interface SqliteHealthOptions {
  readonly files: DatabaseFiles;
  readonly disk: DiskSpace;
  readonly pages: PageCheck;
}

/**
 * Detects the problems that prevent a SQLite database from serving. Expensive checks run in `checkReady`, and not for each
 * write.
 */
export class SqliteHealth {
  readonly #options: SqliteHealthOptions;
  #isMoved = false;
  #provenAt = -Infinity;
  #writing: Promise<void> | null = null;

  constructor(options: SqliteHealthOptions) {
    this.#options = options;
  }

  get disk(): Pick<DiskSpace, "state" | "isLow" | "isVeryLow" | "isDue"> {
    return this.#options.disk;
  }

  /**
   * Called before each transaction.
   * @throws UNAVAILABLE if the write would be lost
   */
  requireWritable(): void {
    // The file may have been put back.
    if (this.#isMoved) this.#isMoved = this.#options.files.isAnyMoved();
    if (this.#isMoved) throw moved("Nothing was written.");
    if (this.#options.pages.isDamaged) throw damaged();
  }

  /**
   * Called after each commit, before it is acknowledged.
   * @throws UNAVAILABLE if it was written to a file that no longer exists
   */
  requireSameFile(): void {
    if (!this.#options.files.isMoved()) return;
    this.#isMoved = true;
    throw moved("This write may be lost.");
  }

  /** Records a commit, which used approximately this many bytes. */
  wrote(bytes: number): void {
    this.#provenAt = performance.now();
    this.#options.disk.spend(bytes);
  }

  /** Records that a statement failed with this primary result code. */
  found(code: number): void {
    this.#provenAt = -Infinity;
    if (code === permanentCodes.full) this.#options.disk.foundFull();
    if (code === permanentCodes.damaged || code === permanentCodes.noDatabase) {
      this.#options.pages.foundDamage();
    }
  }

  /** Measures the disk space, and checks for deleted or replaced files. Call it every second. */
  async look(database: SpaceOfDatabase): Promise<void> {
    this.#isMoved = this.#options.files.isAnyMoved();
    await this.#options.disk.look(database);
  }

  /** Frees the space that was reserved for writes that remove data. */
  releaseReserve(): Promise<void> {
    return this.#options.disk.release();
  }

  /**
   * @param write commits a small write
   * @throws UNAVAILABLE unless all reads and writes can be served
   */
  async checkReady(write: () => Promise<void>): Promise<void> {
    const { disk, files, pages } = this.#options;
    this.#isMoved = files.isAnyMoved();
    await pages.run();
    this.requireWritable();
    if (disk.isLow) throw notReadyForLowDisk();
    if (performance.now() - this.#provenAt < provenMs) return;
    this.#writing ??= write().finally(() => (this.#writing = null));
    await within(writeTimeoutMs, this.#writing, () => {
      throw unavailable("The database does not complete a write in time.");
    });
  }

  async close(): Promise<void> {
    await this.#options.pages.close();
  }
}

function moved(consequence: string): BatonError {
  return unavailable(
    `The database file was deleted or replaced while the server has it open. ${consequence} ` +
      "Put the file back, or start the server again.",
  );
}

function damaged(): BatonError {
  return unavailable(
    "The database file is damaged, so writes are refused. Restore it from a backup.",
  );
}
