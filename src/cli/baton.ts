#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { BatonError } from "../errors.ts";
import { StartError } from "../start-error.ts";
import { ReaderGone } from "./export-output.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";

/** What a wrong option, argument or value exits with. */
const usageError = 2;

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };

const program = new Command("baton")
  .version(version)
  .description("The shared data store through which agents hand work to one another.")
  .showHelpAfterError("(--help lists every option)")
  .exitOverride();
for (const command of [serveCommand(), tokenCommand(), exportCommand(), importCommand()])
  program.addCommand(inherit(command, program));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong.
    process.exitCode = error.exitCode === 0 ? 0 : usageError;
  } else if (error instanceof StartError) {
    process.stderr.write(`baton: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else if (error instanceof BatonError) {
    // The database is away, say.
    process.stderr.write(`baton: ${error.message}\n`);
    process.exitCode = 1;
  } else if (error instanceof ReaderGone) {
    process.exitCode = 1;
  } else {
    throw error;
  }
}

/** A command that was made by itself has its own settings, and so have the commands below it. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) inherit(below as Command, command);
  return command;
}
