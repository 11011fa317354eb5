import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton backup` copies the database while servers use it. */
export function backupCommand(): Command {
  const command = new Command("backup")
    .description(
      "Copy a consistent snapshot of the SQLite database to a file. Works while the server runs.",
    )
    .argument("<file>", "file to write; it must not exist");
  return addDatabaseOptions(command)
    .addHelpText(
      "after",
      `
The copy has everything: all users, tokens without their secrets, logs. Once it
is restored, the store has another epoch: a client that resumes from an earlier
revision, and passes the epoch that it saved with it, gets REVISION_COMPACTED and
starts over. PostgreSQL has pg_dump and pg_basebackup.

Examples:
  $ baton backup "baton-$(date +%F).db"
  $ baton restore baton-2026-11-28.db --force`,
    )
    .action(async (file: string) => {
      // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
      const { runBackup } = await import("../operator/run-backup.ts");
      await runBackup(command, file);
    });
}
