import { sql, type SqlReader } from "./sql.ts";

/** Bytes that a change counts in addition to its key, value and metadata. */
export const bytesPerChange = 200;
/** Number of revisions whose sizes one statement reads, in about a millisecond. */
const stretchRevisions = 1_000n;

const size = sql`${bytesPerChange} + COALESCE("sizeBytes", 0)`;

/** A user's log, and its ends. */
export interface LogOfUser {
  readonly userId: string;
  readonly headRevision: bigint;
  readonly compactedRevision: bigint;
}

interface Counted {
  readonly after: bigint;
  readonly through: bigint;
  readonly bytes: number;
}

/**
 * The sizes of logs in bytes. A log is counted once. After that, the sizes of new changes are added, and those of
 * removed changes are subtracted. If another instance has removed changes, the log is counted again.
 */
export class LogSizes {
  readonly #counted = new Map<string, Counted>();

  /**
   * Returns the revision up to which to remove a log, so that the rest has at most `maxBytes`. If it is the log's
   * beginning, there is nothing to remove.
   */
  async excess(reader: SqlReader, log: LogOfUser, maxBytes: number): Promise<bigint> {
    let { after, bytes } = await this.#count(reader, log);
    while (bytes > maxBytes && after < log.headRevision) {
      const rows = await reader.all<{ revision: bigint; size: number | bigint }>(
        sql`SELECT "revision", ${size} AS "size" FROM "Change" WHERE "userId" = ${log.userId}
          AND "revision" > ${after} AND "revision" <= ${after + stretchRevisions} ORDER BY "revision"`,
      );
      // Another instance has just removed it.
      if (rows.length === 0) break;
      for (const row of rows) {
        if (bytes <= maxBytes) break;
        after = row.revision;
        bytes -= Number(row.size);
      }
    }
    this.#counted.set(log.userId, { after, through: log.headRevision, bytes });
    return after;
  }

  async #count(
    reader: SqlReader,
    { userId, headRevision, compactedRevision }: LogOfUser,
  ): Promise<Counted> {
    const known = this.#counted.get(userId);
    const isKnown = known?.after === compactedRevision && known.through <= headRevision;
    let through = isKnown ? known.through : compactedRevision;
    let bytes = isKnown ? known.bytes : 0;
    while (through < headRevision) {
      const end = through + stretchRevisions;
      const [row] = await reader.all<{ bytes: number | bigint | string | null }>(
        sql`SELECT SUM(${size}) AS "bytes" FROM "Change" WHERE "userId" = ${userId}
          AND "revision" > ${through} AND "revision" <= ${end < headRevision ? end : headRevision}`,
      );
      bytes += Number(row?.bytes ?? 0);
      through = end;
    }
    return { after: compactedRevision, through: headRevision, bytes };
  }
}
