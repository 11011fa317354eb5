import type { Logger } from "pino";
import type { Config } from "../src/config.ts";
import { createSqlite, type OwnDatabase } from "./own-database.ts";
import { createPartitionedPostgres } from "./postgres-partitioned.ts";
import { createPostgres } from "./postgres.ts";
import { startTestServer, type TestServer } from "./server.ts";

/** A database that the conformance suite runs on. */
export interface TestDatabase {
  readonly name: string;
  /** A new, empty database of this kind. */
  create(): Promise<OwnDatabase>;
  /** A server on one. */
  start(config?: Partial<Config>, logger?: Logger): Promise<TestServer>;
}

function testDatabase(name: string, create: () => Promise<OwnDatabase>): TestDatabase {
  return {
    name,
    create,
    start: async (config, logger) => startTestServer(config, await create(), logger),
  };
}

/** Every kind of database, for what partitions make no difference to: which statements are sent is tested elsewhere. */
export const plainDatabases: readonly TestDatabase[] = [
  testDatabase("SQLite", createSqlite),
  testDatabase("PostgreSQL", createPostgres),
];

/** Every database that Baton serves from, for what asks each of the statements that there are. */
export const databases: readonly TestDatabase[] = [
  ...plainDatabases,
  testDatabase("PostgreSQL, partitioned", createPartitionedPostgres),
];
