import { unavailable } from "../../errors.ts";
import type { SqliteConnection } from "./connection.ts";
import { permanentCodes, primaryCode } from "./errors.ts";

/** A larger commit runs on the driver's thread, so that requests are read while it waits for the disk. */
const mostHere = { changes: 8, bytes: 256 * 1024 };
/** A disk counts as fast while its last commit took less than this. */
const quickMs = 1;

/**
 * Commits a write transaction, on one of two threads:
 *
 * - A few changes on a fast disk are committed on this thread. That takes less time than waking another thread, which may
 *   have to wait for a core.
 * - All others are committed on the driver's thread, so that a slow disk does not block the event loop.
 *
 * When a disk becomes slow, one commit on this thread notices it.
 */
export class Commits {
  readonly #connection: SqliteConnection;
  #isQuick = false;

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
      if (this.#isQuick && isSmall) this.#connection.execSync("COMMIT");
      else await this.#connection.exec("COMMIT");
    } catch (error) {
      throw primaryCode(error) === permanentCodes.disk ? unsure(error) : error;
    }
    this.#isQuick = performance.now() - begin < quickMs;
  }
}

/** The error when the result is unknown: the last page of a commit may have reached the disk before it failed. */
function unsure(cause: unknown): Error {
  return unavailable(
    "The disk failed during the commit: the write may or may not be stored. Read before you try again.",
    cause,
  );
}
