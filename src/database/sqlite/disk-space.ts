import { statSync } from "node:fs";
import { open, rm, stat, statfs } from "node:fs/promises";
import { randomFillSync } from "node:crypto";
import { dirname } from "node:path";
import type { DiskState } from "../../store/contract.ts";

/** If the disk is smaller than the option's value times this, one part in this many is kept free instead. */
const smallestShare = 8;
/** The space to keep free, divided by this, must be free on the disk itself. The reserve has the same size. */
const reserveShare = 4;
/**
 * The low disk is very low with less than this many times the size of the reserve. It must be more than 1: deletes do not
 * make the database file smaller, so they end the state only while the reserve's size is free on the disk itself.
 */
const veryLowFactor = 1.5;
/**
 * If less than the space to keep free times this is available, the write-ahead log is kept small: each measurement starts
 * with a checkpoint, another one follows whenever the log has grown by the size of the reserve divided by `logShare`, and
 * the log frees the space above that size.
 */
const tightFactor = 8;
const logShare = 2;
/** If the space to keep free times this is available, the reserve is created at the second measurement. */
const ampleFactor = 32;
/** The reserve is written in pieces of this size. */
const pieceBytes = 1024 * 1024;

export interface DiskSpaceOptions {
  /** The database file. */
  readonly file: string;
  /** Below this much space, the disk is low. 0: it is low only when a write finds it full, and there is no reserve. */
  readonly minFreeBytes: number;
}

interface Measure {
  readonly free: number;
  /** The space to keep free, in bytes. */
  readonly kept: number;
  /** The part of it that must be free on the disk itself. */
  readonly least: number;
}

/** The operations of the database that a measurement uses. */
export interface SpaceOfDatabase {
  /** The size of the free pages of the database file. */
  freePageBytes(): number;
  /** Moves committed pages from the write-ahead log to the database file, which grows accordingly. */
  checkpoint(): Promise<void>;
  /** Limits the bytes that the write-ahead log keeps when it starts from its beginning; null: the usual limit. */
  limitLog(bytes: number | null): void;
}

/**
 * The remaining disk space of a database. When it is low, only writes that remove data are accepted.
 *
 * 1. The free space is measured every second. Between two measurements, an estimate of each commit's size is subtracted.
 *    When nothing is left, the next transaction waits for another measurement.
 * 2. The reserve is a file next to the database. Its size is a quarter of the space to keep free. It is deleted when less
 *    than that is left, or when a write finds the disk full. So deletes, and the checkpoints that move committed pages to
 *    the database file, have space even if other programs have filled the disk.
 * 3. The database file does not shrink. SQLite reuses its free pages, so they count as space, too. The write-ahead log is
 *    a separate file, so a quarter of the space must be free on the disk itself.
 * 4. While the disk is low, idempotency records and claims use part of the space to keep free. When it is very low, a
 *    write must free more than it stores, so that deletes have space and end this state.
 * 5. When there is enough space again, the reserve is created again.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #reserve: string;
  readonly #log: string;
  #isLow = false;
  #isVeryLow = false;
  #freeBytes = 0;
  #keptBytes = 0;
  /**
   * Bytes that commits can use before the disk is low, or very low, or before the next measurement. A server and an import
   * measure; other commands have no limit.
   */
  #leftBytes = Infinity;
  /** The size by which the write-ahead log can grow before the next measurement. */
  #logStep = Infinity;
  /** The size of the log at the last measurement; 0 if it has become smaller since. */
  #logBytes = 0;
  #hasLooked = false;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#reserve = `${options.file}-reserve`;
    this.#log = `${options.file}-wal`;
  }

  /** The state at the last measurement. */
  get state(): DiskState {
    return { freeBytes: this.#freeBytes, keptBytes: this.#keptBytes, isLow: this.#isLow };
  }

  /** Whether only writes that remove data are accepted. */
  get isLow(): boolean {
    return this.#isLow;
  }

  /** Whether a write must free more than it stores. */
  get isVeryLow(): boolean {
    return this.#isVeryLow;
  }

  /** Whether to measure before the next transaction. While the space is tight, this looks at the size of the log. */
  get isDue(): boolean {
    return (this.#leftBytes < 0 && !this.#isVeryLow) || this.#isLogLong();
  }

  /** Records that a commit has used approximately this many bytes. */
  spend(bytes: number): void {
    this.#leftBytes -= bytes;
  }

  /** Deletes the reserve if necessary before the database is opened, because opening needs space for some pages. */
  async makeRoom(): Promise<void> {
    const { free, least } = await this.#measure();
    if (free < least) await this.release();
  }

  /** Measures the free space. */
  async look(database: SpaceOfDatabase): Promise<void> {
    let found = await this.#measure();
    // Pages that are only in the log will need the same space in the database file.
    let owed = await sizeOf(this.#log);
    const isTight = found.free - owed < tightFactor * found.kept;
    const step = Math.floor(found.least / logShare);
    this.#logStep = isTight && step > 0 ? step : Infinity;
    database.limitLog(isTight ? step : null);
    if (isTight) {
      await database.checkpoint();
      found = await this.#measure();
      owed = 0;
    }
    this.#logBytes = isTight ? await sizeOf(this.#log) : 0;
    const { free, kept, least } = found;
    const held = Math.min(least, await sizeOf(this.#reserve));
    // The space of a deleted reserve is for writes that remove data.
    const usable = free - owed - (least - held);
    this.#freeBytes = free;
    this.#keptBytes = kept;
    const inAll = usable + database.freePageBytes();
    const untilLow = Math.min(usable - least, inAll - kept);
    const untilVeryLow = Math.min(usable, inAll) - veryLowFactor * least;
    this.#isLow = untilLow < 0;
    this.#isVeryLow = this.#isLow && untilVeryLow < 0;
    this.#leftBytes = this.#isLow ? untilVeryLow : untilLow;
    // The reserve must be large enough for all pages that are only in the log.
    if (isTight) this.#leftBytes = Math.min(this.#leftBytes, least);
    if (free < least) await this.release();
    else if (held < least && free >= kept + least && !this.#mayWait(found)) {
      await this.#makeReserve(least);
    }
    this.#hasLooked = true;
  }

  /** Records that a write found the disk full, regardless of the reported free space. It is low until it is measured again. */
  foundFull(): void {
    this.#isLow = true;
    this.#isVeryLow = true;
  }

  /** Deletes the reserve. */
  async release(): Promise<void> {
    await rm(this.#reserve, { force: true });
  }

  /**
   * Whether the log has grown by a step since the last measurement. Its size counts writes that no estimate covers, such as
   * a claim, which writes the whole row of its entry. While a long read keeps the log from its beginning, each step is
   * followed by one measurement, and not each transaction.
   */
  #isLogLong(): boolean {
    if (this.#logStep === Infinity) return false;
    const size = statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
    if (size < this.#logBytes) this.#logBytes = 0;
    return size > this.#logBytes + this.#logStep;
  }

  /** Whether a starting server can create the reserve later, because the disk has space for its first writes. */
  #mayWait({ free, kept }: Measure): boolean {
    return !this.#hasLooked && free > ampleFactor * kept;
  }

  async #measure(): Promise<Measure> {
    const { bavail, blocks, bsize } = await statfs(dirname(this.#options.file));
    const kept = spaceToKeep(this.#options.minFreeBytes, blocks * bsize);
    return { free: bavail * bsize, kept, least: Math.floor(kept / reserveShare) };
  }

  /** Writes the reserve with random bytes, because a file system cannot compress them. */
  async #makeReserve(bytes: number): Promise<void> {
    const piece = randomFillSync(Buffer.allocUnsafe(Math.min(bytes, pieceBytes)));
    try {
      const handle = await open(this.#reserve, "w", 0o600);
      try {
        for (let left = bytes; left > 0; left -= piece.length) {
          await handle.write(piece, 0, Math.min(left, piece.length));
        }
      } finally {
        await handle.close();
      }
    } catch {
      // Another program needs the space.
      await this.release();
    }
  }
}

/** Calculates the space of a disk to keep free, in bytes. */
export function spaceToKeep(minFreeBytes: number, diskBytes: number): number {
  return Math.min(minFreeBytes, Math.floor(diskBytes / smallestShare));
}

/** The size of a file in bytes; 0 if it does not exist. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
