import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The database cannot be migrated to this version. The message says why and what to do. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** The operations that differ between databases. They all apply to one place: a file or a schema. */
export interface MigrationTarget {
  /** What to choose if other data is in the place, such as "another file". */
  readonly elsewhere: string;
  tableNames(): Promise<string[]>;
  /** The rows of `_prisma_migrations` that are not rolled back, by name. */
  readApplied(): Promise<AppliedMigration[]>;
  /** Waits until no other process migrates, then runs `work` in a transaction. Rolls it back if `work` fails. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Creates the table as Prisma does, if it does not exist. */
  createMigrationsTable(): Promise<void>;
  /** @throws Error whose message says what failed and where */
  runScript(sql: string): Promise<void>;
  record(migration: FinishedMigration): Promise<void>;
}

/** A row of `_prisma_migrations`. `finishedAt` is null after a failure, which only Prisma records. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly finishedAt: unknown;
}

/** A row of `_prisma_migrations` to write, for a migration that was applied in one step. */
interface FinishedMigration {
  readonly id: string;
  readonly checksum: string;
  readonly name: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * Applies the migrations that the database lacks, in the order of their names, and records them as
 * `prisma migrate deploy` does: either tool can continue from the state that the other left. All of
 * them are one transaction. If several processes do this at the same time, the later ones wait.
 *
 * 1. Compare the database with the migrations, without a lock. Most starts end here.
 * 2. Wait until no other process migrates, and compare again.
 * 3. Apply the missing migrations, and record them.
 *
 * @param migrationsFolder holds `<name>/migration.sql`
 * @returns the names of the applied migrations; empty if the database was up to date
 * @throws MigrationError if the database belongs to a newer version, has another history, contains
 * other data, or if a migration fails. The database is unchanged then.
 */
export async function migrate(
  target: MigrationTarget,
  migrationsFolder: string,
): Promise<string[]> {
  const migrations = await readMigrations(migrationsFolder);
  // A problem at this point can come from another process that is migrating, so it is not reported yet.
  const before = await compare(target, migrations);
  if (before.problem === undefined && before.pending.length === 0) return [];

  return target.inTurn(async () => {
    const { problem, pending } = await compare(target, migrations);
    if (problem !== undefined) throw new MigrationError(problem);
    if (pending.length > 0) await target.createMigrationsTable();
    for (const migration of pending) await apply(target, migration);
    return pending.map(({ name }) => name);
  });
}

/** The state that `migrate` would find, and the migrations that it would apply. */
export interface MigrationState {
  /** Why the database cannot be used; null if it can. */
  readonly problem: string | null;
  /** The names of the migrations that it lacks. */
  readonly pending: readonly string[];
}

/** Reads the state of the database without changing it. */
export async function readMigrationState(
  target: Pick<MigrationTarget, "elsewhere" | "tableNames" | "readApplied">,
  migrationsFolder: string,
): Promise<MigrationState> {
  const { problem, pending } = await compare(target, await readMigrations(migrationsFolder));
  return { problem: problem ?? null, pending: pending.map(({ name }) => name) };
}

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

/** Returns the migrations that are not recorded as applied, and the reason if the database cannot be used. */
async function compare(
  target: Pick<MigrationTarget, "elsewhere" | "tableNames" | "readApplied">,
  migrations: readonly Migration[],
): Promise<{ problem: string | undefined; pending: Migration[] }> {
  const tables = await target.tableNames();
  const isRecorded = tables.includes("_prisma_migrations");
  const applied = isRecorded ? await target.readApplied() : [];
  const names = new Set(applied.map(({ name }) => name));
  const problem =
    isRecorded || tables.length === 0
      ? applied.map((row) => findProblem(row, migrations)).find((found) => found !== undefined)
      : `The database has tables (${tables.join(", ")}) but no record of migrations, ` +
        `so Baton did not create it. Choose ${target.elsewhere}.`;
  return { problem, pending: migrations.filter(({ name }) => !names.has(name)) };
}

/** Returns why the database cannot be used because of this row; undefined if it can. */
function findProblem(row: AppliedMigration, migrations: readonly Migration[]): string | undefined {
  const migration = migrations.find(({ name }) => name === row.name);
  if (migration === undefined) {
    return (
      `The database has the migration ${row.name}, which this version of Baton does not know: ` +
      "a newer version applied it. Start that version, or restore an earlier backup."
    );
  }
  if (row.finishedAt === null) {
    return (
      `\`prisma migrate\` started the migration ${row.name} and did not finish it. ` +
      "Restore a backup, or repair the database and record the repair with `prisma migrate resolve`."
    );
  }
  if (!possibleChecksums(migration.sql).includes(row.checksum)) {
    return (
      `The migration ${row.name} differs from the one that was applied to the database: its ` +
      "migration.sql has changed since then. Restore the released file (reinstall Baton), " +
      "and make changes in a new migration."
    );
  }
  return undefined;
}

/** Like Prisma, accepts a file that differs only in its line ends, which Git can change. */
function possibleChecksums(sql: string): string[] {
  const unix = sql.replaceAll("\r\n", "\n");
  return [sql, unix, unix.replaceAll("\n", "\r\n")].map(checksum);
}

function checksum(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}

async function apply(target: MigrationTarget, { name, sql }: Migration): Promise<void> {
  const startedAt = new Date();
  try {
    await target.runScript(sql);
  } catch (cause) {
    throw new MigrationError(
      `The migration ${name} failed, and the database is unchanged. ` +
        (cause instanceof Error ? cause.message : String(cause)),
      { cause },
    );
  }
  await target.record({
    id: randomUUID(),
    checksum: checksum(sql),
    name,
    startedAt,
    finishedAt: new Date(),
  });
}
