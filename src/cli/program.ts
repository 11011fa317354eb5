import { readFileSync } from "node:fs";
import { Command } from "commander";
import { clearCommand } from "./commands/clear.ts";
import { completeCommand } from "./commands/complete.ts";
import { completionCommand } from "./commands/completion.ts";
import { deleteCommand } from "./commands/delete.ts";
import { exportCommand } from "./commands/export.ts";
import { getCommand } from "./commands/get.ts";
import { helpCommand } from "./commands/help.ts";
import { importCommand } from "./commands/import.ts";
import { keysCommand } from "./commands/keys.ts";
import { namespacesCommand } from "./commands/namespaces.ts";
import { searchCommand } from "./commands/search.ts";
import { serveCommand } from "./commands/serve.ts";
import { setCommand } from "./commands/set.ts";
import { tokenCommand } from "./commands/token.ts";
import { waitCommand } from "./commands/wait.ts";
import { watchCommand } from "./commands/watch.ts";
import { describeExitCodes } from "./terminal/exit-codes.ts";
import { say } from "./terminal/report.ts";

/** Every command, by the group that the help shows it in. A command loads what is slow to load when it runs. */
const groups: Readonly<Record<string, readonly (() => Command)[]>> = {
  "Data:": [
    getCommand,
    setCommand,
    deleteCommand,
    keysCommand,
    namespacesCommand,
    clearCommand,
    searchCommand,
    watchCommand,
    waitCommand,
  ],
  "Server:": [serveCommand, tokenCommand, exportCommand, importCommand],
  "This program:": [completionCommand],
};

/** The command line of `baton`. `parseAsync` runs it. */
export function createProgram(): Command {
  const program = new Command("baton")
    .version(version())
    .description("The shared data store through which agents hand work to one another.")
    .addHelpText(
      "after",
      `
${describeExitCodes()}
Data goes to standard output; what went wrong to standard error, in one line.`,
    )
    .exitOverride();
  for (const [heading, commands] of Object.entries(groups)) {
    program.commandsGroup(heading);
    for (const command of commands) program.addCommand(command());
  }
  program.addCommand(helpCommand(program));
  program.addCommand(completeCommand(program), { hidden: true });
  inheritSettings(program);
  return program;
}

/**
 * Gives every command below this one the program's settings, which a command that is created separately does not inherit.
 * Errors of commander are printed like all other errors.
 */
function inheritSettings(command: Command): void {
  const path = pathOf(command);
  command.configureOutput({
    outputError: (text) => {
      const why = text.replace(/^error: /, "").trim();
      // Commander suggests a similar name where there is one. Otherwise all names are listed.
      const names = /^unknown command '[^]*'$/.test(why) ? namesIn(command) : "";
      const known = names === "" ? "" : `. There are: ${names}`;
      say(`${why}${known}${/[.?)]$/.test(why) ? "" : "."} See: ${path} --help`);
    },
  });
  for (const subcommand of command.commands) {
    // Commander would add a help command to each one, under the program's heading.
    subcommand.copyInheritedSettings(command).helpCommand(false);
    inheritSettings(subcommand as Command);
  }
}

function namesIn(command: Command): string {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((subcommand) => subcommand.name()).join(", ");
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
