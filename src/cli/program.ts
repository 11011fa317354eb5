import { Command } from "commander";
import { appendCommand } from "./commands/append.ts";
import { claimCommand } from "./commands/claim.ts";
import { backupCommand } from "./commands/backup.ts";
import { clearCommand } from "./commands/clear.ts";
import { completeCommand } from "./commands/complete.ts";
import { completeWordsCommand } from "./commands/complete-words.ts";
import { completionCommand } from "./commands/completion.ts";
import { createCommand } from "./commands/create.ts";
import { deleteCommand } from "./commands/delete.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { epochCommand } from "./commands/epoch.ts";
import { exportCommand } from "./commands/export.ts";
import { getCommand } from "./commands/get.ts";
import { helpCommand } from "./commands/help.ts";
import { historyCommand } from "./commands/history.ts";
import { importCommand } from "./commands/import.ts";
import { incrementCommand } from "./commands/increment.ts";
import { keysCommand } from "./commands/keys.ts";
import { mcpCommand } from "./commands/mcp.ts";
import { namespacesCommand } from "./commands/namespaces.ts";
import { patchCommand } from "./commands/patch.ts";
import { restoreCommand } from "./commands/restore.ts";
import { searchCommand } from "./commands/search.ts";
import { serveCommand } from "./commands/serve.ts";
import { setCommand } from "./commands/set.ts";
import { statusCommand } from "./commands/status.ts";
import { tokenCommand } from "./commands/token.ts";
import { waitCommand } from "./commands/wait.ts";
import { watchCommand } from "./commands/watch.ts";
import { describeExitCodes } from "./terminal/exit-codes.ts";
import { say } from "./terminal/report.ts";
import { packageVersion } from "../package-version.ts";
import { pathOf, suggestionFor } from "./terminal/suggestion.ts";

/** Every command, by the group that the help shows it in. A command loads slow modules only when it runs. */
const groups: Readonly<Record<string, readonly (() => Command)[]>> = {
  "Data:": [
    getCommand,
    setCommand,
    createCommand,
    incrementCommand,
    patchCommand,
    appendCommand,
    deleteCommand,
    keysCommand,
    namespacesCommand,
    clearCommand,
    searchCommand,
    historyCommand,
    watchCommand,
    waitCommand,
    claimCommand,
    completeCommand,
    statusCommand,
  ],
  "Server:": [
    serveCommand,
    mcpCommand,
    tokenCommand,
    exportCommand,
    importCommand,
    backupCommand,
    restoreCommand,
    epochCommand,
    doctorCommand,
  ],
  "This program:": [completionCommand],
};

/** The command line of `baton`. `parseAsync` runs it. */
export function createProgram(): Command {
  const program = new Command("baton")
    .version(packageVersion())
    .description("The shared data store through which agents hand work to one another.")
    .addHelpText(
      "after",
      `
${describeExitCodes()}
Options can also precede the command: baton --url … get report.
Data is printed on standard output, and an error is one line on standard error.
Errors of the API end with their code, such as (CONFLICT): see docs/errors.md.`,
    )
    .exitOverride();
  for (const [heading, commands] of Object.entries(groups)) {
    program.commandsGroup(heading);
    for (const command of commands) program.addCommand(command());
  }
  program.addCommand(helpCommand(program));
  program.addCommand(completeWordsCommand(program), { hidden: true });
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
      const [why = "", similar = ""] = text
        .replace(/^error: /, "")
        .trim()
        .split(/\n(?=\(Did you mean )/);
      const suggestion = suggestionFor(command, why) || similar || knownNames(command, why);
      const sentences = [why, suggestion].filter(Boolean).map(sentence);
      say([...sentences, `See: ${path} --help`].join(" "));
    },
  });
  for (const subcommand of command.commands) {
    // Commander would add a help command to each one, under the program's heading.
    subcommand.copyInheritedSettings(command).helpCommand(false);
    inheritSettings(subcommand as Command);
  }
}

/** All commands, if the given name resembles none of them. */
function knownNames(command: Command, why: string): string {
  if (!why.startsWith("unknown command ")) return "";
  const commands = command.createHelp().visibleCommands(command);
  const names = commands.map((subcommand) => subcommand.name());
  return names.length === 0 ? "" : `The commands are: ${names.join(", ")}`;
}

function sentence(text: string): string {
  return /[.?)]$/.test(text) ? text : `${text}.`;
}
