import { existsSync } from "node:fs";
import type { Command } from "commander";
import pino from "pino";
import { databaseOf, type Config } from "../../config.ts";
import type { Database } from "../../store/contract.ts";
import { openDatabase } from "../../database/open-database.ts";
import { BatonError } from "../../errors.ts";
import { StartError } from "../../start-error.ts";

/**
 * Works on the database itself, whether or not a server runs.
 * @param needsDatabase whether there must be one already
 */
export async function useDatabase<T>(
  config: Config,
  needsDatabase: boolean,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const place = databaseOf(config);
  if (needsDatabase && place.kind === "sqlite" && !existsSync(place.file)) {
    throw new StartError(
      `There is no database ${place.file}. Name its folder with --data-dir (BATON_DATA_DIR).`,
    );
  }
  const database = await openDatabase(
    { ...config, postgresConnections: 3 },
    pino({ level: "silent" }),
  );
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** A name that the store refuses is a wrong value of an option. */
export function asUsage(command: Command, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    command.error(`error: ${error.message}`);
  }
}
