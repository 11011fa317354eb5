import { unavailable } from "../../errors.ts";
import type { SqliteConnection } from "./connection.ts";
import { faultCodes, primaryCode } from "./errors.ts";

/** A commit of more than this is on the driver's thread: requests are read while it waits for the disk. */
const mostHere = { changes: 8, bytes: 256 * 1024 };
/** A disk is quick while its last commit took less than this. */
const quickMs = 1;

/**
 * Commits a write transaction, on one of two threads:
 *
 * 1. A few changes on a quick disk are committed on this thread. That takes less time than to wake another thread, which
 *    may have to wait for a core.
 * 2. All else is committed on the driver's thread, so that a slow disk does not hold the event loop.
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
   * @param bytes of the entries that it writes
   * @throws UNAVAILABLE if the disk fails, and then the write may be there or not
   */
  async commit(changes: number, bytes: number): Promise<void> {
    const begin = performance.now();
    const isSmall = changes <= mostHere.changes && bytes <= mostHere.bytes;
    try {
      if (this.#isQuick && isSmall) this.#connection.execSync("COMMIT");
      else await this.#connection.exec("COMMIT");
    } catch (error) {
      throw primaryCode(error) === faultCodes.disk ? unsure(error) : error;
    }
    this.#isQuick = performance.now() - begin < quickMs;
  }
}

/** The last page of a commit may have reached the disk before it failed. */
function unsure(cause: unknown): Error {
  return unavailable(
    "The disk failed while the database was committing: the write may be there or not. Read before you try again.",
    cause,
  );
}
