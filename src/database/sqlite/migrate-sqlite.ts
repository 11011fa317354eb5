import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The part of a Prisma client that migrating uses. */
export interface SqlExecutor {
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
  $queryRawUnsafe<T>(sql: string, ...values: unknown[]): Promise<T>;
}

/** The database can't be brought to this version. The message says why and what to do. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

interface Migration {
  name: string;
  sql: string;
}

/** A row of `_prisma_migrations`. `finishedAt` is null after a failure, which only Prisma records. */
interface AppliedMigration {
  name: string;
  checksum: string;
  finishedAt: unknown;
}

/**
 * Applies the migrations that the database lacks, in the order of their names, and records them as
 * `prisma migrate deploy` would: either tool can continue what the other began. All of them are one
 * transaction. Several processes may do this at once, the later ones wait for the first.
 *
 * Nobody else may use `client` meanwhile, and it must wait for locks (the adapter's `timeout`).
 * Two clients of one process must take turns: the driver waits for a lock without letting the
 * process's other work go on.
 *
 * @param migrationsFolder holds `<name>/migration.sql`
 * @returns the names of the migrations it applied, none if the database was up to date
 * @throws MigrationError if the database is of a newer version, has another history or holds
 * something else, or if a migration fails; the database is then as it was
 */
export async function migrateSqlite(
  client: SqlExecutor,
  migrationsFolder: string,
): Promise<string[]> {
  const migrations = await readMigrations(migrationsFolder);
  // Most starts find nothing to do, and need not wait for another process's write to know it.
  if ((await findPending(client, migrations)).length === 0) return [];

  await client.$executeRawUnsafe("BEGIN IMMEDIATE");
  try {
    const pending = await findPending(client, migrations); // another process may have been first
    await client.$executeRawUnsafe(createMigrationsTable);
    for (const migration of pending) await apply(client, migration);
    await client.$executeRawUnsafe("COMMIT");
    return pending.map(({ name }) => name);
  } catch (error) {
    // SQLite itself ends the transaction on some errors (a full disk), and then this fails.
    await client.$executeRawUnsafe("ROLLBACK").catch(() => {});
    throw error;
  }
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

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => ({
      name,
      sql: await readFile(join(folder, name, "migration.sql"), "utf8"),
    })),
  );
}

/** The migrations that are not recorded as applied, after a check of those that are. */
async function findPending(client: SqlExecutor, migrations: Migration[]): Promise<Migration[]> {
  const applied = await readApplied(client);
  for (const row of applied) {
    const problem = findProblem(row, migrations);
    if (problem !== undefined) throw new MigrationError(problem);
  }
  const appliedNames = new Set(applied.map(({ name }) => name));
  return migrations.filter(({ name }) => !appliedNames.has(name));
}

async function readApplied(client: SqlExecutor): Promise<AppliedMigration[]> {
  const tables = await client.$queryRawUnsafe<{ name: string }[]>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
  if (tables.some(({ name }) => name === "_prisma_migrations")) {
    return client.$queryRawUnsafe<AppliedMigration[]>(
      `SELECT "migration_name" AS "name", "checksum", "finished_at" AS "finishedAt"
       FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "migration_name"`,
    );
  }
  if (tables.length === 0) return [];
  throw new MigrationError(
    `The database has tables (${tables.map(({ name }) => name).join(", ")}) but no record of ` +
      "migrations: it is not Baton's. Choose another file.",
  );
}

/** Why the database can't be used because of this row; undefined if it can. */
function findProblem(row: AppliedMigration, migrations: Migration[]): string | undefined {
  const migration = migrations.find(({ name }) => name === row.name);
  if (migration === undefined) {
    return (
      `The database has the migration ${row.name}, which this version of Baton does not know: ` +
      "a newer one wrote it. Start that version, or restore a backup from before."
    );
  }
  if (row.finishedAt === null) {
    return (
      `The migration ${row.name} was begun by \`prisma migrate\` and did not finish. ` +
      "Restore a backup, or repair the database and record that with `prisma migrate resolve`."
    );
  }
  if (!possibleChecksums(migration.sql).includes(row.checksum)) {
    return (
      `The migration ${row.name} is not the one that was applied to the database: its ` +
      "migration.sql has changed since. Restore that file as it was released (reinstall Baton), " +
      "and make changes in a new migration."
    );
  }
  return undefined;
}

/** Like Prisma, takes a file for the same if only its line ends differ: git may change them. */
function possibleChecksums(sql: string): string[] {
  const unix = sql.replaceAll("\r\n", "\n");
  return [sql, unix, unix.replaceAll("\n", "\r\n")].map(checksum);
}

function checksum(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}

async function apply(client: SqlExecutor, { name, sql }: Migration): Promise<void> {
  const startedAt = Date.now();
  for (const statement of splitStatements(sql)) {
    try {
      await client.$executeRawUnsafe(statement);
    } catch (cause) {
      throw new MigrationError(
        `The migration ${name} failed, and the database was left as it was. ` +
          `Statement: ${statement} Error: ${cause instanceof Error ? cause.message : cause}`,
        { cause },
      );
    }
  }
  await client.$executeRawUnsafe(
    `INSERT INTO "_prisma_migrations"
       ("id", "checksum", "migration_name", "started_at", "finished_at", "applied_steps_count")
     VALUES (?, ?, ?, ?, ?, 1)`,
    randomUUID(),
    checksum(sql),
    name,
    startedAt,
    Date.now(),
  );
}

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
