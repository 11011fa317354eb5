import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton import` makes a file of `baton export` a user's store. */
export function importCommand(): Command {
  const command = new Command("import")
    .description(
      "Make a file of baton export a user's store, which must be empty. Interrupted, the same command goes on. Works while the server runs.",
    )
    .argument("[file]", "what baton export wrote")
    .option("--user <name>", "owner of the store", "local")
    .option("--discard", "instead: take back an import that was interrupted");
  return addDatabaseOptions(command)
    .addHelpText(
      "after",
      `
Until it is done, its user can't write. Ctrl-C and SIGTERM stop it between two
steps (130 and 143 in a shell); the same command goes on, --discard takes back
what there is.`,
    )
    .action(async () => {
      // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
      const { runImport } = await import("../operator/run-import.ts");
      await runImport(command);
    });
}
