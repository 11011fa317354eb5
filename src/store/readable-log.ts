import { badUserInput, limitExceeded } from "../errors.ts";
import type { Log, LogEnds } from "./contract.ts";
import type { ListPage } from "./filter-page.ts";
import type { ShownChange } from "./model/change.ts";
import { checkPageSize, type Limits } from "./model/limits.ts";
import { requireScope, type Viewer } from "./model/viewer.ts";
import { filterBounds, pageBounds } from "./read-bounds.ts";
import { readChanges, readFilteredChanges } from "./read-changes.ts";
import type { ReadChecks, SelectionInput } from "./read-checks.ts";
import { readHeadsAgo } from "./read-heads-ago.ts";

/** The largest number of times in one call of `headsAgo`. */
const maxInstants = 100;

export interface ChangesInput extends SelectionInput {
  /** The epoch of `after`. Default: not checked. */
  readonly epoch?: string | null | undefined;
  readonly first: number;
  /** Only changes after this revision, in the order of the page; null: from the start. */
  readonly after: bigint | null;
  /** Default: false, which lists the oldest first. */
  readonly isNewestFirst?: boolean;
}

type Database = Pick<Log, "readLog" | "readLogEnds" | "readNow" | "readTimes">;

/** The changes of the log that a viewer can read, and the ends of the log. */
export class ReadableLog {
  readonly #database: Database;
  readonly #checks: ReadChecks;
  readonly #limits: Limits;

  constructor(database: Database, checks: ReadChecks) {
    this.#database = database;
    this.#checks = checks;
    this.#limits = checks.limits;
  }

  /**
   * Reads a page of the log.
   * @param closed ends the reading when the caller has disconnected
   */
  async list(
    viewer: Viewer,
    input: ChangesInput,
    closed: AbortSignal | null,
  ): Promise<ListPage<ShownChange, bigint>> {
    checkPageSize(this.#limits, input.first);
    const { userId } = viewer;
    const selection = this.#checks.select(viewer, input);
    const { after, epoch = null, isNewestFirst = false } = input;
    const query = { userId, selection, after, epoch, isNewestFirst };
    if (selection.where) {
      return readFilteredChanges(
        this.#database,
        query,
        filterBounds(this.#limits, viewer.userId, input.first, closed),
      );
    }
    return readChanges(this.#database, query, { ...pageBounds(this.#limits, input.first), closed });
  }

  /**
   * Reads the ends of the viewer's log. Any token can read them: a revision alone reveals nothing about the changes.
   */
  async ends(viewer: Viewer): Promise<LogEnds> {
    return this.#database.readLogEnds(viewer.userId);
  }

  /**
   * Reads the head that the viewer's log had the given numbers of seconds ago.
   * @throws LIMIT_EXCEEDED, BAD_USER_INPUT, FORBIDDEN
   */
  async headsAgo(viewer: Viewer, secondsAgo: readonly number[]): Promise<bigint[]> {
    requireScope(viewer, "read");
    if (secondsAgo.length > maxInstants) {
      throw limitExceeded(
        "maxInstants",
        maxInstants,
        `One call can request at most ${maxInstants} times; this one requests ${secondsAgo.length}.`,
        "secondsAgo",
      );
    }
    const wrong = secondsAgo.findIndex((seconds) => seconds < 0);
    if (wrong >= 0) throw badUserInput(`secondsAgo.${wrong}`, "Must be at least 0.");
    return readHeadsAgo(this.#database, viewer.userId, secondsAgo);
  }
}
