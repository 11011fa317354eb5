import { PrismaLibSql } from "@prisma/adapter-libsql";
import { access, constants, open } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BatonError, unavailable } from "../../errors.ts";
import { makeFolder } from "../../make-folder.ts";
import { StartError } from "../../start-error.ts";
import { compact, forgetAnswers } from "../compact.ts";
import type { Database, Retention, WriteTransaction } from "../../store/contract.ts";
import { PrismaClient } from "../generated/sqlite/client.ts";
import { MigrationError } from "../migrate.ts";
import { migrateSqlite } from "./migrate-sqlite.ts";
import { prismaTokens } from "../prisma-tokens.ts";
import { indexStep } from "../index-search.ts";
import { Reads } from "../reads.ts";
import { sql } from "../sql.ts";
import { sqliteIndexDialect, sqliteSearchReader } from "./search-sqlite.ts";
import { Turns } from "./turns.ts";
import { writeTransaction } from "../write.ts";
import { now, sqliteDialect } from "./write-sqlite.ts";

export interface SqliteOptions {
  /** Path of the database file; its folder is created when it is missing. */
  readonly file: string;
  /**
   * `full`: a commit is on the disk before it is acknowledged (G5). `normal`: after a power failure the last commits
   * may be missing; a crash of the process alone loses nothing.
   */
  readonly synchronous: "full" | "normal";
}

/** How long a write waits for another process, such as `baton token create`, to finish its own. */
const busyTimeoutMs = 5_000;

const migrationsFolder = fileURLToPath(
  new URL("../../../prisma/sqlite/migrations", import.meta.url),
);

/**
 * Opens the database file, creates or migrates it, and keeps two connections: one for the committer and other writes,
 * taking turns, and one that only reads, which in WAL mode sees nothing but what is committed.
 * @throws StartError when the file can't be used
 */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
  await prepareFile(options.file);
  const writer = connect(options.file);
  const reader = connect(options.file);
  try {
    await writer.$queryRawUnsafe("PRAGMA journal_mode = WAL");
    await writer.$executeRawUnsafe(`PRAGMA synchronous = ${options.synchronous}`);
    await migrateSqlite(writer, migrationsFolder);
    await reader.$executeRawUnsafe("PRAGMA query_only = ON");
  } catch (error) {
    await reader.$disconnect();
    await writer.$disconnect();
    if (error instanceof MigrationError) throw new StartError(`${options.file}: ${error.message}`);
    throw new StartError(startFault(options.file, error));
  }
  return new SqliteDatabase(writer, reader);
}

class SqliteDatabase extends Reads implements Database {
  readonly tokens;
  readonly #writer: PrismaClient;
  readonly #reader: PrismaClient;
  /** Settles when the last write so far has ended. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(writer: PrismaClient, reader: PrismaClient) {
    const turns = new Turns();
    const read = <T>(work: () => Promise<T>) => turns.run(() => guarded(work));
    super({
      reader: { client: reader, now },
      run: read,
      // Each statement of a search takes its turn.
      searchReader: sqliteSearchReader({
        $queryRaw: (query) => turns.run(() => reader.$queryRaw(query)),
      }),
      runSearch: guarded,
    });
    this.#writer = writer;
    this.#reader = reader;
    this.tokens = prismaTokens(
      (work) => read(() => work(reader)),
      (work) => this.#inTurn(() => work(writer)),
    );
  }

  write<T>(work: (transaction: WriteTransaction) => Promise<T>): Promise<T> {
    return this.#inTurn(() =>
      this.#transaction(() => work(writeTransaction(this.#writer, sqliteDialect(this.#writer)))),
    );
  }

  indexStep(userId: string): Promise<boolean> {
    return this.#inTurn(() =>
      this.#transaction(() => indexStep(this.#writer, sqliteIndexDialect(this.#writer), userId)),
    );
  }

  forgetAnswers(before: Date): Promise<void> {
    return forgetAnswers((query) => this.#inTurn(() => this.#writer.$executeRaw(query)), before);
  }

  compact(retention: Retention, isStopping = () => false): Promise<number> {
    return guarded(() =>
      compact(
        this.#reader,
        (work) => this.#inTurn(() => this.#transaction(() => work(this.#writer))),
        retention,
        isStopping,
      ),
    );
  }

  announce(): void {}
  listen(): void {}

  async ping(): Promise<void> {
    await guarded(() => this.#reader.$queryRaw(sql`SELECT 1 FROM "User" LIMIT 1`));
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    await this.#reader.$disconnect();
    // The driver closes its files with the garbage collector only; after this the one file has everything.
    await this.#writer.$queryRawUnsafe("PRAGMA wal_checkpoint(TRUNCATE)").catch(() => {});
    await this.#writer.$disconnect();
  }

  /**
   * The driver would open a new connection for each of Prisma's transactions, losing `synchronous` and the busy
   * timeout. The writer is used by one caller at a time, so plain statements on its one connection do.
   */
  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#writer.$executeRawUnsafe("BEGIN IMMEDIATE");
    try {
      const result = await work();
      await this.#writer.$executeRawUnsafe("COMMIT");
      return result;
    } catch (error) {
      // SQLite itself ends the transaction on some errors (a full disk), and then this fails.
      await this.#writer.$executeRawUnsafe("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastWrite.then(() => guarded(work));
    this.#lastWrite = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }
}

function connect(file: string): PrismaClient {
  return new PrismaClient({
    adapter: new PrismaLibSql(
      { url: pathToFileURL(file).href, timeout: busyTimeoutMs },
      { timestampFormat: "unixepoch-ms" },
    ),
  });
}

/** Makes the folder and the file, for their owner alone; SQLite gives its other files the same rights. */
async function prepareFile(file: string): Promise<void> {
  const folder = dirname(file);
  try {
    await makeFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    await (await open(file, "a", 0o600)).close();
  } catch (error) {
    const { code, path = folder } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${path} can't be written (${code}). Give this user write access to it, ` +
        "or choose another data directory with --data-dir (BATON_DATA_DIR).",
    );
  }
}

/** Primary result codes of SQLite that mean: not now. See its documentation, "Result and Error Codes". */
const unavailableCodes: ReadonlyMap<number, string> = new Map([
  [5, "another process is writing to the database"],
  [6, "another process is writing to the database"],
  [7, "the server is out of memory"],
  [8, "the database can't be written"],
  [10, "the disk failed"],
  [11, "the database file is damaged"],
  [13, "the disk is full"],
  [14, "the database file can't be opened"],
  [26, "the database file is damaged"],
]);

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason =
      error instanceof BatonError ? undefined : unavailableCodes.get(sqliteCode(error) ?? 0);
    if (reason === undefined) throw error;
    throw unavailable(`The database is unavailable: ${reason}. Try again.`, error);
  }
}

function startFault(file: string, error: unknown): string {
  switch (sqliteCode(error)) {
    case 11:
      return `${file} is damaged. Restore it from a backup, or move it away and start with an empty one.`;
    case 26:
      return `${file} is not a Baton database. Move it away, or choose another place with --data-dir (BATON_DATA_DIR).`;
    case 5:
    case 6:
      return `${file} is locked by another process. Stop that one first.`;
    case 8:
    case 14:
      return `${file} can't be opened for writing. Give this user write access to it and to its folder.`;
    default:
      return `${file} can't be opened: ${error instanceof Error ? error.message.split("\n").at(-1) : String(error)}`;
  }
}

/** The primary result code that the driver gave, wherever Prisma put it; null for an error of another kind. */
function sqliteCode(error: unknown): number | null {
  const { meta, cause, rawCode } = error as {
    meta?: { driverAdapterError?: { cause?: { originalCode?: string } } };
    cause?: unknown;
    rawCode?: number;
  };
  const code = rawCode ?? Number(meta?.driverAdapterError?.cause?.originalCode ?? Number.NaN);
  if (Number.isInteger(code)) return code & 0xff;
  return cause ? sqliteCode(cause) : null;
}
