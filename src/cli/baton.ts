#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { StartError } from "../start-error.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";

/** What a wrong option, argument or value exits with. */
const usageError = 2;

const program = new Command("baton")
  .description("The shared data store through which agents hand work to one another.")
  .showHelpAfterError("(--help lists every option)")
  .exitOverride();
for (const command of [serveCommand(), tokenCommand()])
  program.addCommand(command.copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong.
    process.exitCode = error.exitCode === 0 ? 0 : usageError;
  } else if (error instanceof StartError) {
    process.stderr.write(`baton: ${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
