import { Command } from "commander";
import { unknownVariables } from "../../unknown-variables.ts";
import { addServerOptions } from "../flags/options.ts";

export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("Check the configuration, the database, the clock and the disk of a server.")
    .option("--json", "print a JSON list")
    .addHelpText(
      "after",
      `
Changes nothing. It can run while the server runs. Give it the same options. Prints
a line for each check: ok, warning or failure, with what to do. Exits with 1 if
one of them failed. On SQLite it reads the whole file once.

Examples:
  $ baton doctor
  $ DATABASE_URL=postgresql://baton@db.example.com/baton baton doctor --json`,
    );
  return addServerOptions(command).action(async () => {
    const unknown = unknownVariables();
    // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
    const { runDoctor } = await import("../operator/run-doctor.ts");
    await runDoctor(command, command.opts<{ readonly json?: true }>().json === true, unknown);
  });
}
