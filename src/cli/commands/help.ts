import { Command } from "commander";

/** `baton help [command...]`. Commander's own help command ignores an unknown name, and a name after the first one. */
export function helpCommand(program: Command): Command {
  return new Command("help")
    .description("Show the help of a command.")
    .argument("[command...]", "the command; without it, the list of commands")
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
