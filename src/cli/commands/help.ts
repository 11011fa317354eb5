import { Command } from "commander";

/** `baton help [command...]`. Commander's own help command ignores an unknown name, and a name after the first one. */
export function helpCommand(program: Command): Command {
  return new Command("help")
    .description("Show how a command is used.")
    .argument("[command...]", "its name; without one, what commands there are")
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names) {
        const subcommand = command.commands.find((known) => known.name() === name);
        if (!subcommand) return command.error(`error: unknown command '${name}'`);
        command = subcommand;
      }
      command.help();
    });
}
