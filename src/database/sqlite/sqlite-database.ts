import { isDeepStrictEqual } from "node:util";
import { nobody } from "../../event-loop.ts";
import type { Database, DiskState, Retention, WriteTransaction } from "../../store/contract.ts";
import { indexStep } from "../../store/search/index-step.ts";
import { sqliteSearch } from "../../store/search/search-sqlite.ts";
import { compact, forgetRecords, forgetTokens, type AgingRows } from "../compact.ts";
import { LogSizes } from "../log-sizes.ts";
import type { PrismaClient } from "../generated/sqlite/client.ts";
import { PacedReader } from "../paced-reader.ts";
import { Reads } from "../reads.ts";
import { SerialQueue } from "../../serial-queue.ts";
import { sql } from "../sql.ts";
import { tokenTable } from "../token-table.ts";
import { beginWrite } from "./begin-write.ts";
import { bytesOfPages } from "./bytes-of-pages.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { Commits } from "./commits.ts";
import type { SqliteConnection, Statement } from "./connection.ts";
import type { SpaceOfDatabase } from "./disk-space.ts";
import { epoch, renewEpoch } from "./epoch.ts";
import { permanentCodes, primaryCode, translateErrors } from "./errors.ts";
import { now } from "./now.ts";
import { PreparedWrite } from "./prepared-write.ts";
import { rowTable } from "./row-table.ts";
import type { SqliteHealth } from "./sqlite-health.ts";
import { SqliteWriteTransaction } from "./write-transaction.ts";

/** The size to which a commit reduces the file of the write-ahead log. */
export const mostLogBytes = 64 * 1024 * 1024;

/** An open database file, as `openSqlite` returns it. */
export class SqliteDatabase extends Reads implements Database {
  readonly tokens;
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #checkpoints: Checkpoints;
  readonly #health: SqliteHealth;
  readonly #commits: Commits;
  readonly #writes = new SerialQueue();
  readonly #transaction: SqliteWriteTransaction;
  readonly #space: SpaceOfDatabase = {
    freePageBytes: () => bytesOfPages(this.#reader, "freelist_count"),
    checkpoint: () => this.#checkpoints.now("PASSIVE"),
    limitLog: (bytes) => this.#limitLog(bytes ?? mostLogBytes),
  };
  /** They change when another connection has committed. */
  readonly #dataVersion: Statement;
  readonly #writerVersion: Statement;
  readonly #aging: AgingRows;
  #lastVersion: unknown = null;
  #lastNumber = 0;
  #keptLogBytes = mostLogBytes;

  constructor(
    writer: SqliteConnection,
    reader: SqliteConnection,
    checkpoints: Checkpoints,
    health: SqliteHealth,
  ) {
    const readerOf = (userId: string) => new PacedReader(reader, userId);
    super(
      {
        client: readerOf(nobody),
        now,
        epoch,
        table: rowTable,
        dialect: sqliteSearch,
      },
      readerOf,
    );
    this.#writer = writer;
    this.#reader = reader;
    this.#checkpoints = checkpoints;
    this.#health = health;
    this.#commits = new Commits(writer);
    this.#transaction = new SqliteWriteTransaction(writer);
    this.#dataVersion = reader.prepare("PRAGMA data_version");
    this.#writerVersion = writer.prepare("PRAGMA data_version");
    this.#aging = {
      reader: new PacedReader(reader, nobody),
      now,
      inTransaction: (work) => this.#inTransaction(() => work(writer)),
      sizes: new LogSizes(),
    };
    const readClient = lazily(() => typedClient(reader));
    this.tokens = tokenTable(
      reader,
      this.#aging.inTransaction,
      readerOf,
      (work) => translateErrors(async () => work(await readClient())),
      { announce: async () => {}, listen() {}, isNoticed: () => this.#isChanged() },
    );
  }

  get isDiskLow(): boolean {
    return this.#health.disk.isLow;
  }

  get isDiskVeryLow(): boolean {
    return this.#health.disk.isVeryLow;
  }

  write<T>(
    userIds: readonly string[],
    work: (transaction: WriteTransaction) => Promise<T>,
  ): Promise<T> {
    const transaction = this.#transaction;
    return this.#inTransaction(
      () => work(transaction.begin(userIds)),
      async () => {
        const { changeCount, writtenBytes, spaceBytes } = transaction;
        await this.#commits.commit(changeCount, writtenBytes);
        if (spaceBytes > 0) this.#health.wrote(spaceBytes);
      },
    );
  }

  /**
   * SQLite has one write transaction at a time, so only the last part of the work happens in it:
   *
   * 1. Between two transactions, note the state of the user's log, and the version of the database.
   * 2. Run `work` outside a transaction. In this process, nothing else changes the user's store until step 3.
   * 3. In a transaction, save the effects. If they may no longer be right, run `work` again in this transaction instead:
   *    another process has written, an import has begun, an entry has expired, a claim has ended, or the disk is low.
   */
  async writeAlone<T>(
    userId: string,
    work: (transaction: WriteTransaction) => Promise<T>,
  ): Promise<T> {
    let before = await this.#writes.run(async () => this.#stateOf(userId));
    // A transaction creates the log that it reads.
    before ??= await this.write([userId], async (transaction) => {
      await transaction.readLogs();
      return this.#stateOf(userId);
    });
    const prepared = new PreparedWrite(this.#reader, userId);
    const result = await work(prepared);
    return this.write([userId], async (transaction) => {
      const logs = await transaction.readLogs();
      const isUnchanged = isDeepStrictEqual(this.#stateOf(userId), before);
      if (!isUnchanged || !prepared.isValidAt(logs.now)) return work(transaction);
      if (prepared.effects) await transaction.save(prepared.effects);
      return result;
    });
  }

  /** Returns null if the user has no log. */
  #stateOf(userId: string) {
    // The version changes when another process commits. It is read first: a later commit must not be missed.
    const version = this.#writerVersion.get([])?.data_version;
    const log = this.#transaction.readLog(userId);
    if (log === null) return null;
    const { headRevision, compactedRevision } = log;
    const { isDiskLow, isDiskVeryLow } = this;
    return { version, headRevision, compactedRevision, isDiskLow, isDiskVeryLow };
  }

  indexStep(userId: string): Promise<number> {
    return indexStep(this, (work) => this.#inTransaction(() => work(this.#writer)), userId);
  }

  forgetRecords(maxAgeMs: number): Promise<void> {
    return forgetRecords(this.#aging, maxAgeMs);
  }

  forgetTokens(maxAgeMs: number): Promise<void> {
    return forgetTokens(this.#aging, maxAgeMs);
  }

  async renewEpoch(): Promise<void> {
    await this.#inTransaction(() => this.#writer.run(renewEpoch));
  }

  compact(retention: Retention, isStopping = () => false): Promise<number> {
    return compact(this.#aging, retention, isStopping);
  }

  announce(): void {}
  announceClaims(): void {}
  listen(): void {}

  async ping(): Promise<void> {
    await this.#reader.all(sql`SELECT 1 AS "one" FROM "User" LIMIT 1`);
    await this.#health.checkReady(() => this.#writeSomething());
  }

  async watchDisk(): Promise<DiskState> {
    await this.#health.look(this.#space);
    return this.#health.disk.state;
  }

  disk(): DiskState {
    return this.#health.disk.state;
  }

  connections(): null {
    return null;
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#checkpoints.close();
    await this.#health.close();
    this.#reader.close();
    // After this, the database file contains everything.
    await this.#writer.exec("PRAGMA wal_checkpoint(TRUNCATE)").catch(() => {});
    this.#writer.close();
  }

  /** Whether another connection, of this process or another, has committed since the last call. */
  #isChanged(): boolean {
    const version = this.#dataVersion.get([])?.data_version;
    const isChanged = version !== this.#lastVersion;
    this.#lastVersion = version;
    return isChanged;
  }

  #inTransaction<T>(
    work: () => Promise<T>,
    commit: () => Promise<void> = () => this.#writer.exec("COMMIT"),
  ): Promise<T> {
    return this.#writes.run(async () => {
      this.#health.requireWritable();
      if (this.#health.disk.isDue) await this.#health.look(this.#space);
      await beginWrite(this.#writer);
      let result: T;
      try {
        result = await work();
        await commit();
      } catch (error) {
        // On some errors, such as a full disk, SQLite has rolled back already, and this fails.
        await this.#writer.exec("ROLLBACK").catch(() => {});
        if (primaryCode(error) === permanentCodes.full) await this.#makeRoom();
        throw error;
      }
      this.#health.requireSameFile();
      this.#checkpoints.committed();
      return result;
    });
  }

  /** Lets the next transaction start the write-ahead log from its beginning. */
  async #makeRoom(): Promise<void> {
    await this.#health.releaseReserve();
    await this.#checkpoints.now("TRUNCATE");
  }

  /** Commits one page: the file's header, which contains a number for applications. */
  async #writeSomething(): Promise<void> {
    await this.#inTransaction(async () =>
      this.#writer.execSync(`PRAGMA user_version = ${++this.#lastNumber}`),
    );
    this.#health.wrote(0);
  }

  #limitLog(bytes: number): void {
    if (bytes === this.#keptLogBytes) return;
    this.#keptLogBytes = bytes;
    this.#writer.execSync(`PRAGMA journal_size_limit = ${bytes}`);
  }
}

async function typedClient(connection: SqliteConnection): Promise<PrismaClient> {
  const generated = await import("../generated/sqlite/client.ts");
  const { provider, adapterName } = connection;
  return new generated.PrismaClient({
    adapter: { provider, adapterName, connect: async () => connection },
  });
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}
