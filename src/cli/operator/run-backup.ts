import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { databaseOf, describePlace } from "../../database/database-place.ts";
import { backupSqlite, restoreSqlite } from "../../database/sqlite/backup.ts";
import { StartError } from "../../start-error.ts";
import { configOf } from "../flags/options.ts";
import { print } from "../terminal/output.ts";
import { say } from "../terminal/report.ts";
import { withDatabase } from "./with-database.ts";

/** Runs `baton backup`. */
export async function runBackup(command: Command, target: string): Promise<void> {
  const file = sqliteFile(
    command,
    (url) => `For PostgreSQL, use its own backup: pg_dump --format=custom --file=${target} ${url}`,
  );
  if (!existsSync(file)) {
    throw new StartError(
      `The database ${file} does not exist. Name its folder with --data-dir (BATON_DATA_DIR).`,
    );
  }
  await backupSqlite(file, resolve(target));
  say(`Copied ${file} to ${target}.`);
}

/** Runs `baton restore`. */
export async function runRestore(
  command: Command,
  backup: string,
  replaces: boolean,
): Promise<void> {
  const file = sqliteFile(
    command,
    () =>
      `On PostgreSQL, create an empty database with createdb, and restore into it: pg_restore --no-owner --single-transaction --dbname=<new database> ${backup} (see docs/running.md#backup).`,
  );
  await restoreSqlite(resolve(backup), file, replaces);
  say(`Restored ${file} from ${backup}. The store has a new epoch.`);
}

/** Runs `baton epoch`. */
export async function runEpoch(command: Command, renews: boolean): Promise<void> {
  await withDatabase(command, true, async (database, place) => {
    if (renews) {
      await database.renewEpoch();
      say(`Renewed the epoch of ${place}.`);
    }
    await print(`${await database.readEpoch()}\n`);
  });
}

/** @throws StartError for PostgreSQL, with what to do there */
function sqliteFile(command: Command, advice: (url: string) => string): string {
  const place = databaseOf(configOf(command));
  if (place.kind === "sqlite") return place.file;
  throw new StartError(advice(describePlace(place)));
}
