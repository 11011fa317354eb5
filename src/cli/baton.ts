#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { StartError } from "../start-error.ts";
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
for (const command of [serveCommand(), tokenCommand()])
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
