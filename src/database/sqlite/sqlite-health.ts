import { unavailable, type BatonError } from "../../errors.ts";
import { within } from "../../within.ts";
import type { DatabaseFiles } from "./database-files.ts";
import type { DiskSpace, SpaceOfDatabase } from "./disk-space.ts";
import { faultCodes } from "./errors.ts";
import type { PageCheck } from "./page-check.ts";

/** A write that was committed shows for this long that writes can be. */
const provenMs = 1_000;
/** A database that takes longer to write something small can't serve. */
const writeTimeoutMs = 2_000;

export interface SqliteHealthOptions {
  readonly files: DatabaseFiles;
  readonly disk: DiskSpace;
  readonly pages: PageCheck;
}

/**
 * What keeps a SQLite database from serving. What costs something is done when `checkReady` is called, and not with each
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

  get disk(): Pick<DiskSpace, "state" | "isLow" | "isDue"> {
    return this.#options.disk;
  }

  /**
   * Called before each transaction.
   * @throws UNAVAILABLE if what it writes would be lost
   */
  requireWritable(): void {
    // It may have been put back.
    if (this.#isMoved) this.#isMoved = this.#options.files.isAnyMoved();
    if (this.#isMoved) throw moved("Nothing was written.");
    if (this.#options.pages.isDamaged) throw damaged();
  }

  /**
   * Called after each commit, before it is acknowledged.
   * @throws UNAVAILABLE if it went into a file that is not there any more
   */
  requireSameFile(): void {
    if (!this.#options.files.isMoved()) return;
    this.#isMoved = true;
    throw moved("This write may be lost.");
  }

  /** Something was written and committed, which takes so much space, roughly. */
  wrote(bytes: number): void {
    this.#provenAt = performance.now();
    this.#options.disk.spend(bytes);
  }

  /** A statement failed with this primary result code. */
  found(code: number): void {
    this.#provenAt = -Infinity;
    if (code === faultCodes.full) this.#options.disk.foundFull();
    if (code === faultCodes.damaged || code === faultCodes.noDatabase) {
      this.#options.pages.foundDamage();
    }
  }

  /** Looks at the disk, and for files that were deleted or replaced while nobody wrote. Call it every second. */
  async look(database: SpaceOfDatabase): Promise<void> {
    this.#isMoved = this.#options.files.isAnyMoved();
    await this.#options.disk.look(database);
  }

  /** Gives the disk the space that was kept for writes that remove data. */
  releaseReserve(): Promise<void> {
    return this.#options.disk.release();
  }

  /**
   * @param write commits something small
   * @throws UNAVAILABLE unless all reads and writes can be served
   */
  async checkReady(write: () => Promise<void>): Promise<void> {
    const { disk, files, pages } = this.#options;
    this.#isMoved = files.isAnyMoved();
    await pages.run();
    this.requireWritable();
    if (disk.isLow) {
      throw unavailable(
        "The disk is nearly full: only writes that remove data are accepted. Make room on it.",
      );
    }
    if (performance.now() - this.#provenAt < provenMs) return;
    this.#writing ??= write().finally(() => (this.#writing = null));
    await within(writeTimeoutMs, this.#writing, () => {
      throw unavailable("The database does not write in time.");
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
    "The database file is damaged, so that nothing is written to it. Restore it from a backup.",
  );
}
