import type { Inspection } from "../inspection.ts";
import { readMigrationState } from "../migrate.ts";
import { SqliteConnection } from "./connection.ts";
import { sqliteTarget } from "./migrate-sqlite.ts";
import { migrationsFolder } from "./sqlite.ts";
import { selectPageErrors } from "./select-page-errors.ts";
import { toStartError } from "./to-start-error.ts";

/**
 * Inspects an existing database file. `quick_check` reads the whole file, at the speed of the disk.
 * @throws StartError if it cannot be opened, is damaged, or is not a database
 */
export async function inspectSqlite(file: string): Promise<Inspection> {
  let connection: SqliteConnection | undefined;
  try {
    const opened = (connection = new SqliteConnection(file));
    opened.execSync("PRAGMA query_only = ON");
    const all = <T>(text: string) => opened.prepare(text).all([]) as T[];
    const [{ version }] = all<{ version: string }>("SELECT sqlite_version() AS version") as [any];
    const errors = all<{ error: string }>(selectPageErrors).map(({ error }) => error);
    const state = await readMigrationState(
      sqliteTarget({ all: async <T>(text: string) => all(text) as T, run: async () => 0 }),
      migrationsFolder,
    );
    const [newest] =
      state.problem === null && state.pending.length === 0
        ? all<{ at: number | bigint | null }>(
            `SELECT MAX("Change"."at") AS "at" FROM "User"
             JOIN "Change" ON "Change"."userId" = "User"."userId" AND "Change"."revision" = "User"."headRevision"`,
          )
        : [];
    const damage = `The file is damaged: ${errors.join("; ")}. Restore it from a backup.`;
    return {
      version: `SQLite ${version}`,
      problem: errors.length > 0 ? damage : state.problem,
      pending: state.pending,
      // The file has no clock, so its newest change is used.
      clockAheadMs: newest?.at ? Math.max(0, Number(newest.at) - Date.now()) : 0,
      warnings: [],
    };
  } catch (error) {
    throw toStartError(file, error);
  } finally {
    connection?.close();
  }
}
