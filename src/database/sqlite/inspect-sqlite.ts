import type { Inspection } from "../inspection.ts";
import { readMigrationState } from "../migrate.ts";
import { SqliteConnection } from "./connection.ts";
import { sqliteTarget } from "./migrate-sqlite.ts";
import { migrationsFolder } from "./sqlite.ts";
import { selectFaults } from "./select-faults.ts";
import { startFault } from "./start-fault.ts";

/**
 * Looks at a database file that exists. `quick_check` reads all of it, at the speed of the disk.
 * @throws StartError when it can't be opened, or is damaged or not a database
 */
export async function inspectSqlite(file: string): Promise<Inspection> {
  let connection: SqliteConnection | undefined;
  try {
    const opened = (connection = new SqliteConnection(file));
    opened.execSync("PRAGMA query_only = ON");
    const all = <T>(text: string) => opened.prepare(text).all([]) as T[];
    const [{ version }] = all<{ version: string }>("SELECT sqlite_version() AS version") as [any];
    const faults = all<{ fault: string }>(selectFaults).map(({ fault }) => fault);
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
    const damage = `The file is damaged: ${faults.join("; ")}. Restore it from a backup.`;
    return {
      version: `SQLite ${version}`,
      problem: faults.length > 0 ? damage : state.problem,
      pending: state.pending,
      // The file has no clock of its own.
      clockAheadMs: newest?.at ? Math.max(0, Number(newest.at) - Date.now()) : 0,
      warnings: [],
    };
  } catch (error) {
    throw startFault(file, error);
  } finally {
    connection?.close();
  }
}
