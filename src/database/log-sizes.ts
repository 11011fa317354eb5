import { sql, type SqlReader } from "./sql.ts";

/** What a change counts beside the key, the value and the metadata that it holds. */
const bytesPerChange = 200;
/** One statement reads the sizes of so many revisions, in about a millisecond. */
const stretchRevisions = 1_000n;

const size = sql`${bytesPerChange} + COALESCE("sizeBytes", 0)`;

/** A user's log, and the ends of it. */
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
 * How many bytes logs have. A log is counted once; after that, what is new is added and what is removed subtracted. If
 * another instance has removed some of it, it is counted again.
 */
export class LogSizes {
  readonly #counted = new Map<string, Counted>();

  /**
   * The revision up to which a log is to be removed, so that the rest has at most so many bytes. It may be the log's
   * beginning, and then nothing is to be removed.
   */
  async excess(reader: SqlReader, log: LogOfUser, maxBytes: number): Promise<bigint> {
    let { after, bytes } = await this.#count(reader, log);
    while (bytes > maxBytes && after < log.headRevision) {
      const rows = await reader.all<{ revision: bigint; size: number | bigint }>(
        sql`SELECT "revision", ${size} AS "size" FROM "Change" WHERE "userId" = ${log.userId}
          AND "revision" > ${after} AND "revision" <= ${after + stretchRevisions} ORDER BY "revision"`,
      );
      // It was removed elsewhere a moment ago.
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
