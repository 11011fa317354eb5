import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { makeFolder } from "../../make-folder.ts";
import { StartError } from "../../start-error.ts";
import { SqliteConnection } from "./connection.ts";
import { permanentCodes, primaryCode } from "./errors.ts";
import { selectPageErrors } from "./select-page-errors.ts";
import { toStartError } from "./to-start-error.ts";

/** The permissions of a file that only its owner can read and write. */
const ownerOnly = 0o600;

/** Suffixes of the files that SQLite keeps next to a database. It would use such files of another database, too. */
const companions = ["-wal", "-shm", "-journal"];

/**
 * Copies a database at one instant into a new file, while servers read and write it. Only its owner can read the file.
 *
 * 1. `VACUUM INTO` copies the contents in one transaction to a temporary file in the target's folder.
 * 2. The epoch is removed from the copy, so that the first process that opens it creates a different one (G15).
 * 3. The copy is synchronized to the disk, and then renamed to the target. So the target is always complete.
 *
 * @throws StartError if a file cannot be used, or if the target exists
 */
export async function backupSqlite(file: string, target: string): Promise<void> {
  requireAbsent(target, "Name another file.");
  const partial = `${target}.partial`;
  try {
    await rm(partial, { force: true });
    await (await open(partial, "wx", ownerOnly)).close();
    await withConnection(file, (source) => source.exec(`VACUUM INTO ${quoted(partial)}`));
    await withConnection(partial, async (copy) => dropEpoch(copy));
    await sync(partial);
    await rename(partial, target);
    await sync(dirname(target));
  } catch (error) {
    await removeAll(partial);
    if (error instanceof StartError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new StartError(`The folder ${dirname(target)} does not exist.`);
    }
    throw toStartError(target, error);
  }
}

/**
 * Restores a backup to the file of a database that no process has open. Only its owner can read the file. Creates the folder
 * if it does not exist.
 * @param replaces whether to replace an existing database
 * @throws StartError if a file cannot be used, if a process has the database open, or if it exists and `replaces` is false
 */
export async function restoreSqlite(
  backup: string,
  file: string,
  replaces: boolean,
): Promise<void> {
  if (!existsSync(backup)) throw new StartError(`The file ${backup} does not exist.`);
  if (!replaces) requireAbsent(file, "Pass --force to replace it.");
  if (existsSync(file)) await requireUnused(file);
  const partial = `${file}.partial`;
  try {
    await makeFolder(dirname(file));
    await removeAll(partial);
    // Unlike these streams, copyFile would copy the permissions.
    const target = createWriteStream(partial, { flags: "wx", mode: ownerOnly });
    await pipeline(createReadStream(backup), target);
    await withConnection(partial, async (copy) => {
      requireWhole(backup, copy);
      // A copy that another tool created has the epoch of the database.
      dropEpoch(copy);
    });
    await sync(partial);
    await removeAll(file);
    await rename(partial, file);
    await sync(dirname(file));
  } catch (error) {
    await removeAll(partial);
    if (error instanceof StartError) throw error;
    if (primaryCode(error) === permanentCodes.damaged) throw new StartError(damagedBackup(backup));
    throw toStartError(backup, error);
  }
}

/** Removes the epoch. A database of a version without epochs has none: its migration creates one. */
function dropEpoch(copy: SqliteConnection): void {
  // After this, one file contains everything.
  copy.execSync("PRAGMA journal_mode = DELETE");
  if (hasTable(copy, "History")) copy.execSync(`UPDATE "History" SET "epoch" = ''`);
}

function requireWhole(file: string, copy: SqliteConnection): void {
  if (!hasTable(copy, "_prisma_migrations")) {
    throw new StartError(`${file} is not a Baton database.`);
  }
  if (copy.prepare(selectPageErrors).get([]) === null) return;
  throw new StartError(damagedBackup(file));
}

function damagedBackup(file: string): string {
  return `${file} is damaged. Restore another backup.`;
}

function hasTable(copy: SqliteConnection, name: string): boolean {
  return (
    copy.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get([name]) !==
    null
  );
}

function requireAbsent(file: string, advice: string): void {
  if (existsSync(file)) throw new StartError(`The file ${file} exists already. ${advice}`);
}

/** In WAL mode, every process that has a database open holds a lock on it. */
async function requireUnused(file: string): Promise<void> {
  await withConnection(file, async (connection) => {
    try {
      connection.execSync("PRAGMA busy_timeout = 0");
      connection.execSync("PRAGMA locking_mode = EXCLUSIVE");
      connection.execSync("BEGIN EXCLUSIVE");
      connection.execSync("ROLLBACK");
    } catch (error) {
      const code = primaryCode(error);
      if (code !== 5 && code !== 6) return;
      throw new StartError(`${file} is open in another process. Stop the server first.`);
    }
  });
}

async function withConnection(
  file: string,
  work: (connection: SqliteConnection) => Promise<void>,
): Promise<void> {
  const connection = new SqliteConnection(file);
  try {
    connection.execSync("PRAGMA busy_timeout = 5000");
    await work(connection);
  } finally {
    connection.close();
  }
}

async function removeAll(file: string): Promise<void> {
  for (const name of [file, ...companions.map((suffix) => file + suffix)]) {
    await rm(name, { force: true });
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
