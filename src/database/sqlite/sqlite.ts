import { access, constants, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { Backoff } from "../../backoff.ts";
import { nobody } from "../../event-loop.ts";
import { makeFolder } from "../../make-folder.ts";
import { StartError } from "../../start-error.ts";
import type { Database, DiskState, Retention, WriteTransaction } from "../../store/contract.ts";
import { indexStep } from "../../store/search/index-step.ts";
import { sqliteSearch } from "../../store/search/search-sqlite.ts";
import { compact, forgetRecords, forgetTokens, type AgingRows } from "../compact.ts";
import { LogSizes } from "../log-sizes.ts";
import type { PrismaClient } from "../generated/sqlite/client.ts";
import { MigrationError } from "../migrate.ts";
import { PacedReader } from "../paced-reader.ts";
import { Reads } from "../reads.ts";
import { SerialQueue } from "../serial-queue.ts";
import { sql } from "../sql.ts";
import { tokenTable } from "../token-table.ts";
import { bytesOfPages } from "./bytes-of-pages.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Commits } from "./commits.ts";
import { SqliteConnection, type Statement } from "./connection.ts";
import { DatabaseFiles } from "./database-files.ts";
import { DiskSpace, type SpaceOfDatabase } from "./disk-space.ts";
import { ensureEpoch, epoch, renewEpoch } from "./epoch.ts";
import { permanentCodes, isBusy, primaryCode, translateErrors } from "./errors.ts";
import { migrateSqlite } from "./migrate-sqlite.ts";
import { now } from "./now.ts";
import { PageCheck } from "./page-check.ts";
import { PreparedWrite } from "./prepared-write.ts";
import { rowTable } from "./row-table.ts";
import { SqliteHealth } from "./sqlite-health.ts";
import { toStartError } from "./to-start-error.ts";
import { SqliteWriteTransaction } from "./write-transaction.ts";

export interface SqliteOptions {
  /** Path of the database file. Its folder is created if it does not exist. */
  readonly file: string;
  /**
   * `full`: a commit is on the disk before it is acknowledged (G5). `normal`: a power failure can lose the last commits.
   * A crash of only the process loses nothing.
   */
  readonly synchronous: "full" | "normal";
  /** With less free space than this, only writes that remove data are accepted: see `DiskSpace`. */
  readonly minFreeBytes: number;
}

/** How long a write waits for the write of another process, such as `baton token create`. */
const busyTimeoutMs = 5_000;
const firstBusyPauseMs = 1;
const lastBusyPauseMs = 50;
/**
 * Number of pages of the write-ahead log (64 MiB) after which a commit itself moves them to the database file. Usually
 * `Checkpoints` has moved them earlier.
 */
const mostLogPages = 16_384;
const mostLogBytes = 64 * 1024 * 1024;
/** Maximum size of the page cache in memory. */
const cacheKiB = 64 * 1024;

export const migrationsFolder = fileURLToPath(
  new URL("../../../prisma/sqlite/migrations", import.meta.url),
);

/**
 * Opens the database file, creates or migrates it, and keeps two connections: one for writes, which take turns, and one
 * that only reads. In WAL mode, the second sees only committed data.
 * @throws StartError if the file cannot be used
 */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const { file, synchronous } = options;
  await prepareFile(file);
  const disk = new DiskSpace(options);
  const opened: SqliteConnection[] = [];
  let health: SqliteHealth | null = null;
  const connect = () => {
    const connection = new SqliteConnection(file, (code) => health?.found(code));
    opened.push(connection);
    connection.execSync(`PRAGMA cache_size = -${cacheKiB}`);
    return connection;
  };
  try {
    await disk.makeRoom();
    const writer = connect();
    writer.execSync(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    writer.execSync("PRAGMA journal_mode = WAL");
    writer.execSync(`PRAGMA synchronous = ${synchronous}`);
    writer.execSync(`PRAGMA wal_autocheckpoint = ${mostLogPages}`);
    // A long read lets the log grow. The next commit after it reduces the file to this size again.
    writer.execSync(`PRAGMA journal_size_limit = ${mostLogBytes}`);
    await migrateSqlite(
      {
        all: async <T>(text: string, ...values: unknown[]) => writer.prepare(text).all(values) as T,
        run: async (text, ...values) => writer.prepare(text).run(values),
      },
      migrationsFolder,
    );
    await ensureEpoch(writer);
    // From here on, waits for a busy database do not block the event loop: see `begin`.
    writer.execSync("PRAGMA busy_timeout = 0");
    const reader = connect();
    reader.execSync(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    reader.execSync("PRAGMA query_only = ON");
    const checkpoints = new Checkpoints(connect());
    const pages = new PageCheck(connect());
    health = new SqliteHealth({ files: new DatabaseFiles(file), disk, pages });
    return new SqliteDatabase(writer, reader, checkpoints, health);
  } catch (error) {
    for (const connection of opened) connection.close();
    if (error instanceof MigrationError) throw new StartError(`${file}: ${error.message}`);
    throw toStartError(file, error);
  }
}

class SqliteDatabase extends Reads implements Database {
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
      await begin(this.#writer);
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

/**
 * Begins a write transaction. The first attempt runs on this thread without waiting, because that is the fastest. While
 * another process writes, further attempts follow after pauses, which do not block the event loop.
 * @throws UNAVAILABLE after `busyTimeoutMs`
 */
async function begin(writer: SqliteConnection): Promise<void> {
  const deadline = performance.now() + busyTimeoutMs;
  const backoff = new Backoff(firstBusyPauseMs, lastBusyPauseMs);
  for (;;) {
    try {
      return writer.execSync("BEGIN IMMEDIATE");
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await pause(backoff.nextMs());
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

/** Creates the folder and the file with access for their owner only. SQLite gives its other files the same permissions. */
async function prepareFile(file: string): Promise<void> {
  const folder = dirname(file);
  try {
    await makeFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    await (await open(file, "a", 0o600)).close();
  } catch (error) {
    const { code, path = folder } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${path} cannot be written (${code}). Give this user write access to it, ` +
        "or choose another data directory with --data-dir (BATON_DATA_DIR).",
    );
  }
}
