import { Command } from "commander";
import { addDatabaseOptions } from "../flags/options.ts";
import { namespacePrefixOption } from "../flags/prefix.ts";

/** `baton export` writes a user's store as lines of JSON. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description(
      "Export a user's store as lines of JSON, for baton import. Works while the server runs.",
    )
    .option("--user <name>", "owner of the store", "local")
    .addOption(
      namespacePrefixOption("only namespaces whose names begin with this prefix").default(
        "",
        "all",
      ),
    )
    .option("--output <file>", "file to write, which must not exist (default: standard output)")
    .option("--resume", "continue an interrupted export into the same --output");
  return addDatabaseOptions(command)
    .addHelpText(
      "after",
      `
Ctrl-C and SIGTERM stop it between two steps (130 and 143 in a shell); the same
command with --resume continues its --output.`,
    )
    .action(async () => {
      // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
      const { runExport } = await import("../operator/run-export.ts");
      await runExport(command);
    });
}
