import { statSync } from "node:fs";

/** What SQLite keeps open: the database, its write-ahead log, and the index of that. */
const suffixes = ["", "-wal", "-shm"] as const;

/**
 * The files that a connection has open. SQLite goes on writing to them when they are deleted or others take their names,
 * and what it writes then is gone with the process.
 */
export class DatabaseFiles {
  readonly #file: string;
  readonly #identities: readonly (string | null)[];

  /** @param file the database; all of its files must be open */
  constructor(file: string) {
    this.#file = file;
    this.#identities = suffixes.map((suffix) => identityOf(file + suffix));
  }

  /** Whether the database file is not the one that is open any more. Called for each commit: it takes microseconds. */
  isMoved(): boolean {
    return identityOf(this.#file) !== this.#identities[0];
  }

  /** Whether one of the files is not the one that is open any more. */
  isAnyMoved(): boolean {
    return suffixes.some(
      (suffix, index) => identityOf(this.#file + suffix) !== this.#identities[index],
    );
  }
}

/** Null if there is no such file, or if it can't be looked at. */
function identityOf(path: string): string | null {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? `${found.dev}:${found.ino}` : null;
  } catch {
    return null;
  }
}
