import { migrate, type AppliedMigration, type MigrationTarget } from "../migrate.ts";

/** The operations of a connection that a migration uses. */
export interface SqlExecutor {
  run(sql: string, ...values: unknown[]): Promise<number>;
  all<T>(sql: string, ...values: unknown[]): Promise<T>;
}

/**
 * Migrates the file to this version. See `migrate` for the steps, the result and the errors.
 *
 * `client` must not be used for anything else at the same time, and it must wait for locks.
 * Two clients of one process must take turns, because the driver blocks the process while it
 * waits for a lock.
 */
export function migrateSqlite(client: SqlExecutor, migrationsFolder: string): Promise<string[]> {
  return migrate(sqliteTarget(client), migrationsFolder);
}

export function sqliteTarget(client: SqlExecutor): MigrationTarget {
  return {
    elsewhere: "another file",
    async tableNames() {
      const tables = await client.all<{ name: string }[]>(
        `SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
      );
      return tables.map(({ name }) => name);
    },
    readApplied: () =>
      client.all<AppliedMigration[]>(
        `SELECT "migration_name" AS "name", "checksum", "finished_at" AS "finishedAt"
         FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "migration_name"`,
      ),
    async inTurn(work) {
      await client.run("BEGIN IMMEDIATE");
      try {
        const result = await work();
        await client.run("COMMIT");
        return result;
      } catch (error) {
        // On some errors, such as a full disk, SQLite has rolled back already, and this fails.
        await client.run("ROLLBACK").catch(() => {});
        throw error;
      }
    },
    async createMigrationsTable() {
      await client.run(createMigrationsTable);
    },
    async runScript(sql) {
      for (const statement of splitStatements(sql)) {
        try {
          await client.run(statement);
        } catch (cause) {
          const message = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`Statement: ${statement} Error: ${message}`, { cause });
        }
      }
    },
    async record({ id, checksum, name, startedAt, finishedAt }) {
      await client.run(
        `INSERT INTO "_prisma_migrations"
           ("id", "checksum", "migration_name", "started_at", "finished_at", "applied_steps_count")
         VALUES (?, ?, ?, ?, ?, 1)`,
        id,
        checksum,
        name,
        startedAt.getTime(),
        finishedAt.getTime(),
      );
    },
  };
}

/** The same statement as Prisma's, apart from IF NOT EXISTS, which SQLite does not store. */
const createMigrationsTable = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;

/**
 * Splits a script, because the driver runs one statement at a time. The files are generated: `;` occurs
 * only at the end of a statement and of a line, and a comment is on a separate line.
 */
function splitStatements(sql: string): string[] {
  return sql
    .replace(/^[ \t]*--.*$/gm, "")
    .split(/;[ \t]*\r?$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
