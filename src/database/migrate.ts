import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The database can't be brought to this version. The message says why and what to do. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** What each database does in its own way. All of it speaks of one place: a file, a schema. */
export interface MigrationTarget {
  /** What to choose instead of a place that is somebody else's, such as "another file". */
  readonly elsewhere: string;
  tableNames(): Promise<string[]>;
  /** The rows of `_prisma_migrations` that are not rolled back, by name. */
  readApplied(): Promise<AppliedMigration[]>;
  /** Runs `work` in a transaction while nobody else migrates: waits for who does. Undoes it all if `work` fails. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** As Prisma makes it, where it is missing. */
  createMigrationsTable(): Promise<void>;
  /** @throws Error whose message says what failed where */
  runScript(sql: string): Promise<void>;
  record(migration: FinishedMigration): Promise<void>;
}

/** A row of `_prisma_migrations`. `finishedAt` is null after a failure, which only Prisma records. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly finishedAt: unknown;
}

/** A row of `_prisma_migrations` to write. It took one step. */
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
 * `prisma migrate deploy` would: either tool can continue what the other began. All of them are one
 * transaction. Several processes may do this at once, the later ones wait for the first.
 *
 * @param migrationsFolder holds `<name>/migration.sql`
 * @returns the names of the migrations it applied, none if the database was up to date
 * @throws MigrationError if the database is of a newer version, has another history or holds
 * something else, or if a migration fails; the database is then as it was
 */
export async function migrate(
  target: MigrationTarget,
  migrationsFolder: string,
): Promise<string[]> {
  const migrations = await readMigrations(migrationsFolder);
  // Most starts find nothing to do, and need not wait for another process to know it. A problem may
  // only be that another one is at it.
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

/** What `migrate` would find and do, without doing it. */
export interface MigrationState {
  /** Why the database can't be used; null if it can. */
  readonly problem: string | null;
  /** The names of the migrations that it lacks. */
  readonly pending: readonly string[];
}

/** Looks at the database and changes nothing. */
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

/** The migrations that are not recorded as applied, and why the database can't have them, if so. */
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
      : `The database has tables (${tables.join(", ")}) but no record of migrations: ` +
        `it is not Baton's. Choose ${target.elsewhere}.`;
  return { problem, pending: migrations.filter(({ name }) => !names.has(name)) };
}

/** Why the database can't be used because of this row; undefined if it can. */
function findProblem(row: AppliedMigration, migrations: readonly Migration[]): string | undefined {
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

async function apply(target: MigrationTarget, { name, sql }: Migration): Promise<void> {
  const startedAt = new Date();
  try {
    await target.runScript(sql);
  } catch (cause) {
    throw new MigrationError(
      `The migration ${name} failed, and the database was left as it was. ` +
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
