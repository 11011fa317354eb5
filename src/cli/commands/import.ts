import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton import` imports a file of `baton export` into a user's store. */
export function importCommand(): Command {
  const command = new Command("import")
    .description(
      "Import an export file into an empty store. Rerun the command to resume. Works while the server runs.",
    )
    .argument("[file]", "a file that baton export wrote")
    .option("--user <name>", "owner of the store", "local")
    .option("--discard", "undo an interrupted import instead");
  return addDatabaseOptions(command)
    .addHelpText(
      "after",
      `
Until the import is complete, the user cannot write. Ctrl-C and SIGTERM stop it
between two steps (exit codes 130 and 143). Rerun the command to resume, or use
--discard to undo the import.`,
    )
    .action(async () => {
      // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
      const { runImport } = await import("../operator/run-import.ts");
      await runImport(command);
    });
}
