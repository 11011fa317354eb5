import { migrate, type AppliedMigration, type MigrationTarget } from "../migrate.ts";

/** What migrating asks of a connection. */
export interface SqlExecutor {
  run(sql: string, ...values: unknown[]): Promise<number>;
  all<T>(sql: string, ...values: unknown[]): Promise<T>;
}

/**
 * Brings the file to this version: see `migrate`, also for what it returns and throws.
 *
 * Nobody else may use `client` meanwhile, and it must wait for locks.
 * Two clients of one process must take turns: the driver waits for a lock without letting the
 * process's other work go on.
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
        // SQLite itself ends the transaction on some errors (a full disk), and then this fails.
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

/** As Prisma has it, but for IF NOT EXISTS, which SQLite does not keep. */
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
 * The driver runs one statement at a time. The files are machine-written: a statement ends with a
 * `;` at the end of a line, none has one inside, and a comment has a line of its own.
 */
function splitStatements(sql: string): string[] {
  return sql
    .replace(/^[ \t]*--.*$/gm, "")
    .split(/;[ \t]*\r?$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
