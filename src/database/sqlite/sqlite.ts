import { access, constants, open } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../../make-folder.ts";
import { StartError } from "../../start-error.ts";
import type { Database } from "../../store/contract.ts";
import { MigrationError } from "../migrate.ts";
import { busyTimeoutMs } from "./begin-write.ts";
import { Checkpoints } from "./checkpoints.ts";
import { SqliteConnection } from "./connection.ts";
import { DatabaseFiles } from "./database-files.ts";
import { DiskSpace } from "./disk-space.ts";
import { ensureEpoch } from "./epoch.ts";
import { migrateSqlite } from "./migrate-sqlite.ts";
import { PageCheck } from "./page-check.ts";
import { mostLogBytes, SqliteDatabase } from "./sqlite-database.ts";
import { SqliteHealth } from "./sqlite-health.ts";
import { toStartError } from "./to-start-error.ts";

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

/**
 * Number of pages of the write-ahead log (64 MiB) after which a commit itself moves them to the database file. Usually
 * `Checkpoints` has moved them earlier.
 */
const mostLogPages = 16_384;
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
    // From here on, waits for a busy database do not block the event loop: see `beginWrite`.
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
