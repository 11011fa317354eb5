import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { databaseOf } from "./database-place.ts";
import type { Database } from "../store/contract.ts";

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
export async function openDatabase(config: DatabaseConfig, logger: Logger): Promise<Database> {
  const place = databaseOf(config);
  // The driver of the other database is not loaded: each needs a tenth of the time of a start.
  switch (place.kind) {
    case "sqlite": {
      const { openSqlite } = await import("./sqlite/sqlite.ts");
      return openSqlite({
        file: place.file,
        synchronous: config.sqliteSynchronous,
        minFreeBytes: config.minFreeMebibytes * mebibyte,
      });
    }
    case "postgres": {
      const { openPostgres } = await import("./postgres/postgres.ts");
      return openPostgres({ url: place.url, connections: config.postgresConnections }, logger);
    }
  }
}
