import { unavailable } from "../../errors.ts";
import type { SqliteConnection } from "./connection.ts";
import { permanentCodes, primaryCode } from "./errors.ts";

/** A larger commit runs on the driver's thread, so that requests are read while it waits for the disk. */
const mostHere = { changes: 8, bytes: 256 * 1024 };
/** A disk counts as fast while the latest commits took less than this on average. */
const quickMs = 2;
/** The weight of the latest commit in that average, and the longest time that counts: one slow commit does not decide. */
const average = { weight: 1 / 8, longestMs: 4 };

/**
 * Commits a write transaction, on one of two threads:
 *
 * - A few changes on a fast disk are committed on this thread. That takes less time than waking another thread, which may
 *   have to wait for a core.
 * - All others are committed on the driver's thread, so that a slow disk does not block the event loop.
 *
 * When a disk becomes slow, the next few commits on this thread notice it. A single slow commit changes nothing: it usually
 * waited for other work of the machine, and a commit on another thread would have waited longer.
 */
export class Commits {
  readonly #connection: SqliteConnection;
  #averageMs = quickMs;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /**
   * @param bytes the size of the written entries
   * @throws UNAVAILABLE if the disk fails; the write may or may not be stored then
   */
  async commit(changes: number, bytes: number): Promise<void> {
    const begin = performance.now();
    const isSmall = changes <= mostHere.changes && bytes <= mostHere.bytes;
    try {
      if (isSmall && this.#averageMs < quickMs) this.#connection.execSync("COMMIT");
      else await this.#connection.exec("COMMIT");
    } catch (error) {
      throw primaryCode(error) === permanentCodes.disk ? unsure(error) : error;
    }
    const tookMs = Math.min(performance.now() - begin, average.longestMs);
    this.#averageMs += (tookMs - this.#averageMs) * average.weight;
  }
}

/** The error when the result is unknown: the last page of a commit may have reached the disk before it failed. */
function unsure(cause: unknown): Error {
  return unavailable(
    "The disk failed during the commit: the write may or may not be stored. Read before you try again.",
    cause,
  );
}
