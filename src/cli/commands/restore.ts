import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton restore` puts a backup in the place of the database. */
export function restoreCommand(): Command {
  const command = new Command("restore")
    .description(
      "Put a backup in the place of the SQLite database, and give the store another epoch.",
    )
    .argument("<file>", "what baton backup wrote, or another whole copy of a database")
    .option("--force", "replace the database that is there");
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
