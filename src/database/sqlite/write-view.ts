import type { LoadedEntry } from "../../store/commit/state.ts";
import type { LockedLogs, WriteTransaction } from "../../store/contract.ts";
import { isImporting } from "../../store/model/log.ts";
import { writers } from "../../event-loop.ts";
import { PacedReader } from "../paced-reader.ts";
import { Pacer } from "../pacer.ts";
import { countEntries, countNamespaces, readTotals } from "../read-namespaces.ts";
import { readFree, readRange } from "../read-write-view.ts";
import { sql } from "../sql.ts";
import type { SqliteConnection } from "./connection.ts";
import { prepareLoadStatements, type LoadStatements } from "./write-statements.ts";

/** What a write transaction loads, read on any connection. */
export class SqliteWriteView implements Omit<WriteTransaction, "save" | "import"> {
  userIds: readonly string[] = [];
  readonly #connection: SqliteConnection;
  readonly #paced: PacedReader;
  readonly #statements: LoadStatements;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#paced = new PacedReader(connection, writers);
    this.#statements = prepareLoadStatements(connection);
  }

  async readLogs(): Promise<LockedLogs> {
    const heads = new Map<string, bigint>();
    const importing = new Set<string>();
    let now = new Date();
    for (const userId of this.userIds) {
      const { headRevision, compactedRevision, nowMs } = this.lockedLog(userId) as LogRow;
      now = new Date(nowMs);
      heads.set(userId, headRevision);
      if (isImporting({ head: headRevision, compacted: compactedRevision })) importing.add(userId);
    }
    return { now, heads, importing };
  }

  protected lockedLog(userId: string): LogRow | null {
    return this.readLog(userId);
  }

  /** Returns null if the user has no log. */
  readLog(userId: string): LogRow | null {
    return this.#statements.selectHead.get([userId]) as unknown as LogRow | null;
  }

  async loadEntries(
    ...[places, maxValueBytes = Infinity]: Parameters<WriteTransaction["loadEntries"]>
  ) {
    const pacer = new Pacer();
    let bytes = 0;
    const found: { userId: string; entry: LoadedEntry }[] = [];
    for (const { userId, namespace, key, withValue } of places) {
      const isRead = withValue && bytes <= maxValueBytes;
      const statement = isRead ? this.#statements.selectEntry : this.#statements.selectEntryHead;
      const entry = statement.get([userId, namespace, key]) as unknown as LoadedEntry | null;
      if (entry) found.push({ userId, entry });
      if (entry && withValue) bytes += entry.sizeBytes;
      if (pacer.isDue) await pacer.pause();
    }
    return found;
  }

  loadFree: WriteTransaction["loadFree"] = (...args) => readFree(this.#connection, ...args, true);

  loadRange: WriteTransaction["loadRange"] = (range) => readRange(this.#connection, range);

  readTotals: WriteTransaction["readTotals"] = (userId, now, page) =>
    readTotals(this.#connection, userId, sql`${now}`, page);

  countEntries: WriteTransaction["countEntries"] = (userId, namespaces, now, page) =>
    countEntries(this.#paced, userId, namespaces, sql`${now}`, page);

  countNamespaces: WriteTransaction["countNamespaces"] = (userId, namespaces, now, maxCount) =>
    countNamespaces(this.#paced, userId, namespaces, sql`${now}`, maxCount);

  async loadRecords(...[wanted, after, maxBytes]: Parameters<WriteTransaction["loadRecords"]>) {
    let bytes = 0;
    return wanted.flatMap(({ userId, idempotencyKey }) => {
      const row = this.#statements.selectRecord.get([userId, idempotencyKey, after]);
      if (row === null) return [];
      const { digest, size } = row as { digest: string; size: number };
      const isRoom = bytes < maxBytes;
      bytes += size;
      const results = isRoom
        ? (this.#statements.selectResults.get([userId, idempotencyKey])?.results as string)
        : null;
      return [{ userId, idempotencyKey, digest, results }];
    });
  }
}

interface LogRow {
  readonly headRevision: bigint;
  readonly compactedRevision: bigint;
  readonly nowMs: number;
}
