import { existsSync } from "node:fs";
import type { Command } from "commander";
import pino from "pino";
import { databaseOf, describePlace } from "../../database/database-place.ts";
import { openDatabase } from "../../database/open-database.ts";
import { BatonError } from "../../errors.ts";
import { StartError } from "../../start-error.ts";
import type { Database } from "../../store/contract.ts";
import { configOf } from "../flags/options.ts";

/** A command runs one operation at a time, so it needs few connections. */
const postgresConnections = 4;

/**
 * Opens the command's database for the work and closes it afterwards. A server can run at the same time.
 * @param mustExist whether to refuse a SQLite file that does not exist. Otherwise it is created.
 * @param work also receives the location of the database, for messages
 * @throws StartError if the database cannot be used
 */
export async function withDatabase<T>(
  command: Command,
  mustExist: boolean,
  work: (database: Database, place: string) => Promise<T>,
): Promise<T> {
  const config = configOf(command);
  const place = databaseOf(config);
  if (mustExist && place.kind === "sqlite" && !existsSync(place.file)) {
    throw new StartError(
      `The database ${place.file} does not exist. Name its folder with --data-dir (BATON_DATA_DIR).`,
    );
  }
  const database = await openDatabase(
    { ...config, postgresConnections },
    pino({ level: "silent" }),
  );
  try {
    return await work(database, describePlace(place));
  } finally {
    await database.close();
  }
}

/** Reports an error of the check as a wrong value of an option. */
export function checkFlags(command: Command, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    command.error(`error: ${error.message}`);
  }
}
