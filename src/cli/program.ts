import { readFileSync } from "node:fs";
import { Command } from "commander";
import { clearCommand } from "./commands/clear.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { deleteCommand } from "./commands/delete.ts";
import { describeExitCodes } from "./terminal/exit-codes.ts";
import { exportCommand } from "./commands/export.ts";
import { getCommand } from "./commands/get.ts";
import { helpCommand } from "./commands/help.ts";
import { importCommand } from "./commands/import.ts";
import { keysCommand } from "./commands/keys.ts";
import { namespacesCommand } from "./commands/namespaces.ts";
import { say } from "./terminal/report.ts";
import { searchCommand } from "./commands/search.ts";
import { serveCommand } from "./commands/serve.ts";
import { setCommand } from "./commands/set.ts";
import { tokenCommand } from "./commands/token.ts";
import { waitCommand } from "./commands/wait.ts";
import { watchCommand } from "./commands/watch.ts";

/** Every command, by the group that the help shows it in. What a command needs is loaded when it runs. */
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

/** The command line of `baton`, which runs with `parseAsync`. */
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
  adopt(program);
  return program;
}

/** A command that was made by itself has its own settings; and what is wrong with a command line is said as all else. */
function adopt(command: Command): void {
  const path = pathOf(command);
  command.configureOutput({
    outputError: (text) => {
      const why = text.replace(/^error: /, "").trim();
      // Commander names the one that is much like it, if there is any.
      const names = /^unknown command '[^]*'$/.test(why) ? namesIn(command) : "";
      const known = names === "" ? "" : `. There are: ${names}`;
      say(`${why}${known}${/[.?)]$/.test(why) ? "" : "."} See: ${path} --help`);
    },
  });
  for (const below of command.commands) {
    // With its own help command each would show the program's, under the program's heading.
    below.copyInheritedSettings(command).helpCommand(false);
    adopt(below as Command);
  }
}

function namesIn(command: Command): string {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((below) => below.name()).join(", ");
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
