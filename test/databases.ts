import type { Logger } from "pino";
import type { Config } from "../src/config.ts";
import { createSqlite, type OwnDatabase } from "./own-database.ts";
import { createMigratedPostgres, createPartitionedPostgres } from "./postgres-partitioned.ts";
import { startTestServer, type TestServer } from "./server.ts";

/** A database that the conformance suite runs on. */
export interface TestDatabase {
  readonly name: string;
  /** Creates a database of this kind without entries. */
  create(): Promise<OwnDatabase>;
  /** Starts a server on a new database. */
  start(config?: Partial<Config>, logger?: Logger): Promise<TestServer>;
}

function testDatabase(name: string, create: () => Promise<OwnDatabase>): TestDatabase {
  return {
    name,
    create,
    start: async (config, logger) => startTestServer(config, await create(), logger),
  };
}

/** Every kind of database, without a partitioned one, for tests in which partitions make no difference. */
export const plainDatabases: readonly TestDatabase[] = [
  testDatabase("SQLite", createSqlite),
  testDatabase("PostgreSQL", createMigratedPostgres),
];

/** Every kind of database, including a partitioned one, for tests that send every kind of statement. */
export const databases: readonly TestDatabase[] = [
  ...plainDatabases,
  testDatabase("PostgreSQL, partitioned", createPartitionedPostgres),
];
