import { existsSync } from "node:fs";
import { copyFile, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { StartError } from "../../start-error.ts";
import { SqliteConnection } from "./connection.ts";
import { primaryCode } from "./errors.ts";
import { selectFaults } from "./select-faults.ts";
import { startFault } from "./start-fault.ts";

/** Files that SQLite keeps beside a database. Those of another database would be taken for part of it. */
const companions = ["-wal", "-shm", "-journal"];

/**
 * Copies a database into a new file, as it is at one instant, while servers read and write it:
 *
 * 1. `VACUUM INTO` copies what one transaction sees into a file beside the target.
 * 2. The copy loses its epoch, so that whoever opens it first gives it another (G15).
 * 3. The copy is written to the disk, and then given its name: a file of that name is always whole.
 *
 * @throws StartError when a file can't be used, or the target exists
 */
export async function backupSqlite(file: string, target: string): Promise<void> {
  requireAbsent(target, "Name another file.");
  const partial = `${target}.partial`;
  try {
    await rm(partial, { force: true });
    await withConnection(file, (source) => source.exec(`VACUUM INTO ${quoted(partial)}`));
    await withConnection(partial, async (copy) => dropEpoch(copy));
    await sync(partial);
    await rename(partial, target);
    await sync(dirname(target));
  } catch (error) {
    await removeAll(partial);
    throw error instanceof StartError ? error : startFault(target, error);
  }
}

/**
 * Puts a backup in the place of a database that no process has open.
 * @param replaces whether a database that is there is removed
 * @throws StartError when a file can't be used, a process has the database open, or it is there and is to stay
 */
export async function restoreSqlite(
  backup: string,
  file: string,
  replaces: boolean,
): Promise<void> {
  if (!existsSync(backup)) throw new StartError(`There is no file ${backup}.`);
  if (!replaces) requireAbsent(file, "Say --force to replace it.");
  if (existsSync(file)) await requireUnused(file);
  const partial = `${file}.partial`;
  try {
    await copyFile(backup, partial);
    await withConnection(partial, async (copy) => {
      requireWhole(backup, copy);
      // A copy that another tool made has the epoch of the database.
      dropEpoch(copy);
    });
    await sync(partial);
    await removeAll(file);
    await rename(partial, file);
    await sync(dirname(file));
  } catch (error) {
    await removeAll(partial);
    throw error instanceof StartError ? error : startFault(backup, error);
  }
}

/** A database of a version before there were epochs is given one by its migration. */
function dropEpoch(copy: SqliteConnection): void {
  // One file has everything then.
  copy.execSync("PRAGMA journal_mode = DELETE");
  if (hasTable(copy, "History")) copy.execSync(`UPDATE "History" SET "epoch" = ''`);
}

function requireWhole(file: string, copy: SqliteConnection): void {
  if (!hasTable(copy, "_prisma_migrations")) {
    throw new StartError(`${file} is not a Baton database.`);
  }
  if (copy.prepare(selectFaults).get([]) === null) return;
  throw new StartError(`${file} is damaged. Restore another backup.`);
}

function hasTable(copy: SqliteConnection, name: string): boolean {
  return (
    copy.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get([name]) !==
    null
  );
}

function requireAbsent(file: string, advice: string): void {
  if (existsSync(file)) throw new StartError(`There is a file ${file} already. ${advice}`);
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
