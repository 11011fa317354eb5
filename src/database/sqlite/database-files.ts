import { statSync } from "node:fs";

/** The files that SQLite keeps open: the database, its write-ahead log, and the index of the log. */
const suffixes = ["", "-wal", "-shm"] as const;

/**
 * The files that a connection has open. SQLite continues to write to them after they were deleted or replaced. Such writes
 * are lost when the process ends.
 */
export class DatabaseFiles {
  readonly #file: string;
  readonly #identities: readonly (string | null)[];

  /** @param file the database; all of its files must be open */
  constructor(file: string) {
    this.#file = file;
    this.#identities = suffixes.map((suffix) => identityOf(file + suffix));
  }

  /**
   * Whether the database or its write-ahead log was deleted or replaced, so that a commit would be lost. Each commit calls
   * this; it takes microseconds.
   */
  isMoved(): boolean {
    return this.#differs(0) || this.#differs(1);
  }

  /** Whether one of the files was deleted or replaced. */
  isAnyMoved(): boolean {
    return suffixes.some((_, index) => this.#differs(index));
  }

  #differs(index: number): boolean {
    return identityOf(`${this.#file}${suffixes[index]}`) !== this.#identities[index];
  }
}

/** The identity of a file; null if it does not exist or cannot be read. */
function identityOf(path: string): string | null {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? `${found.dev}:${found.ino}` : null;
  } catch {
    return null;
  }
}
