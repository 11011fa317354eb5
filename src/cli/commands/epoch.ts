import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton epoch` shows the epoch of the store's revisions. */
export function epochCommand(): Command {
  const command = new Command("epoch")
    .description("Print the epoch of the database: the identity of its history.")
    .option(
      "--renew",
      "set a new epoch first; use it after a restore with a tool other than baton restore",
    );
  return addDatabaseOptions(command)
    .addHelpText(
      "after",
      `
A database that was restored to an earlier state must have another epoch: without
it, subscribers could mix two histories. baton restore and pg_restore see to that.
Run this with --renew after any other way, before the servers start: a snapshot of
a disk, point-in-time recovery, a failover that lost something.

Examples:
  $ baton epoch --renew`,
    )
    .action(async () => {
      // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
      const { runEpoch } = await import("../operator/run-backup.ts");
      await runEpoch(command, command.opts<{ readonly renew?: true }>().renew === true);
    });
}
