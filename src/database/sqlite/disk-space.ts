import { open, rm, stat, statfs } from "node:fs/promises";
import { randomFillSync } from "node:crypto";
import { dirname } from "node:path";
import type { DiskState } from "../../store/contract.ts";

/** A disk that is smaller than this many times the option's value keeps this part of itself free instead. */
const smallestShare = 8;
/** The part of the space to keep free that must be free on the disk itself. The reserve has the same size. */
const reserveShare = 4;
/**
 * With less than so many times the space to keep free, the write-ahead log is kept small: each look begins with a checkpoint,
 * there is one after each write of as much as the reserve has, and the log gives back most of its space.
 */
const tightFactor = 8;
/** With so many times the space to keep free, the reserve is made at the second look. */
const ampleFactor = 32;
/** The reserve is written in pieces of this size. */
const pieceBytes = 1024 * 1024;

export interface DiskSpaceOptions {
  /** The database file. */
  readonly file: string;
  /** Below this much space the disk is low. 0: it is low only where a write finds it full, and there is no reserve. */
  readonly minFreeBytes: number;
}

interface Measure {
  readonly free: number;
  /** What is to be kept free. */
  readonly kept: number;
  /** What of it must be free on the disk itself. */
  readonly least: number;
}

/** What a look at the disk asks of the database. */
export interface SpaceOfDatabase {
  /** What free pages of the database file have. */
  freePageBytes(): number;
  /** Moves what was committed from the write-ahead log into the database file, which then has its size. */
  checkpoint(): Promise<void>;
  /** Bounds the bytes that the write-ahead log keeps when it begins anew; null: as usual. */
  limitLog(bytes: number | null): void;
}

/**
 * The space that a database has left. When it is low, only writes that remove data are accepted.
 *
 * 1. The disk is looked at every second. Between two looks, each commit spends an estimate of what it takes. When that comes
 *    to what there was to spend, the next transaction waits for another look.
 * 2. A file beside the database, the reserve, holds a quarter of the space that is to be kept free. It is given back to the
 *    disk when less than that is left, or when a write finds the disk full. So deletes, and the checkpoints that bring
 *    what was committed into the database file, have room on a disk that something else has filled.
 * 3. The database file does not become smaller. Its free pages are used again, so they count as space too. The log that
 *    SQLite writes first is outside of it: a quarter must be free on the disk itself.
 * 4. When there is room again, the reserve is made again.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #reserve: string;
  #isLow = false;
  #freeBytes = 0;
  /** What commits may take until the next look. A command that is not a server does not look. */
  #leftBytes = Infinity;
  #hasLooked = false;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#reserve = `${options.file}-reserve`;
  }

  /** As it was when it was looked at last. */
  get state(): DiskState {
    return { freeBytes: this.#freeBytes, isLow: this.#isLow };
  }

  /** Whether only writes that remove data are accepted. */
  get isLow(): boolean {
    return this.#isLow;
  }

  /** Whether to look before the next transaction. */
  get isDue(): boolean {
    return this.#leftBytes < 0 && !this.#isLow;
  }

  /** A commit has taken some space, roughly. */
  spend(bytes: number): void {
    this.#leftBytes -= bytes;
  }

  /** Gives the reserve back before the database is opened, which needs room for some pages. */
  async makeRoom(): Promise<void> {
    const { free, least } = await this.#measure();
    if (free < least) await this.release();
  }

  /** Looks at the disk. */
  async look(database: SpaceOfDatabase): Promise<void> {
    let found = await this.#measure();
    // What is in the log only will need as much room in the file.
    let owed = await sizeOf(`${this.#options.file}-wal`);
    const isTight = found.free - owed < tightFactor * found.kept;
    database.limitLog(isTight ? found.least : null);
    if (isTight) {
      await database.checkpoint();
      found = await this.#measure();
      owed = 0;
    }
    const { free, kept, least } = found;
    const held = Math.min(least, await sizeOf(this.#reserve));
    // What the reserve gave back is for writes that remove data.
    const usable = free - owed - (least - held);
    this.#freeBytes = free;
    this.#leftBytes = Math.min(usable - least, usable + database.freePageBytes() - kept);
    this.#isLow = this.#leftBytes < 0;
    // The reserve is to have room for all that is in the log only.
    if (isTight) this.#leftBytes = Math.min(this.#leftBytes, least);
    if (free < least) await this.release();
    else if (held < least && free >= kept + least && !this.#mayWait(found)) {
      await this.#makeReserve(least);
    }
    this.#hasLooked = true;
  }

  /** A write found the disk full, whatever the system says is free. It is low until it is looked at again. */
  foundFull(): void {
    this.#isLow = true;
  }

  /** Gives the reserve back to the disk. */
  async release(): Promise<void> {
    await rm(this.#reserve, { force: true });
  }

  /** A server that starts has other things to do, where the disk has room for the writes of its first second. */
  #mayWait({ free, kept }: Measure): boolean {
    return !this.#hasLooked && free > ampleFactor * kept;
  }

  async #measure(): Promise<Measure> {
    const { bavail, blocks, bsize } = await statfs(dirname(this.#options.file));
    const kept = spaceToKeep(this.#options.minFreeBytes, blocks * bsize);
    return { free: bavail * bsize, kept, least: Math.floor(kept / reserveShare) };
  }

  /** Written with random bytes, which no file system stores in less space. */
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
      // Something else needs the space.
      await this.release();
    }
  }
}

/** How much of a disk is to be kept free. */
export function spaceToKeep(minFreeBytes: number, diskBytes: number): number {
  return Math.min(minFreeBytes, Math.floor(diskBytes / smallestShare));
}

/** 0 if there is no such file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
