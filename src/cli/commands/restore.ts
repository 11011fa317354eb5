import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton restore` replaces the database with a backup. */
export function restoreCommand(): Command {
  const command = new Command("restore")
    .description("Replace the SQLite database with a backup, and set a new epoch.")
    .argument("<file>", "a file that baton backup wrote, or another complete copy of a database")
    .option("--force", "replace an existing database");
  return addDatabaseOptions(command)
    .addHelpText(
      "after",
      `
Stop the server first: a database that is open is not replaced. On PostgreSQL
use pg_restore; after a physical restore, baton epoch --renew.

Examples:
  $ baton restore baton-2026-11-28.db --force`,
    )
    .action(async (file: string) => {
      // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
      const { runRestore } = await import("../operator/run-backup.ts");
      await runRestore(command, file, command.opts<{ readonly force?: true }>().force === true);
    });
}
