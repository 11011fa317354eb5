import type { Logger } from "pino";
import { databaseOf, type Config } from "../config.ts";
import type { Database } from "../store/contract.ts";
import { openPostgres } from "./postgres/postgres.ts";
import { openSqlite } from "./sqlite/sqlite.ts";

/** The part of the configuration that selects the database. */
export type DatabaseConfig = Pick<
  Config,
  "dataDir" | "databaseUrl" | "minFreeMebibytes" | "postgresConnections" | "sqliteSynchronous"
>;

const mebibyte = 1024 * 1024;

/**
 * Opens the configured database. Creates it if it does not exist, or migrates it to this version.
 * @throws StartError if it cannot be used
 */
export function openDatabase(config: DatabaseConfig, logger: Logger): Promise<Database> {
  const place = databaseOf(config);
  switch (place.kind) {
    case "sqlite":
      return openSqlite({
        file: place.file,
        synchronous: config.sqliteSynchronous,
        minFreeBytes: config.minFreeMebibytes * mebibyte,
      });
    case "postgres":
      return openPostgres({ url: place.url, connections: config.postgresConnections }, logger);
  }
}
