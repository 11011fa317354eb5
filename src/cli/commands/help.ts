import { Command } from "commander";

/** `baton help [command...]`: commander's own passes over a name that it does not know, or that stands behind another. */
export function helpCommand(program: Command): Command {
  return new Command("help")
    .description("Show how a command is used.")
    .argument("[command...]", "its name; without one, what commands there are")
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names) {
        const below = command.commands.find((known) => known.name() === name);
        if (!below) return command.error(`error: unknown command '${name}'`);
        command = below;
      }
      command.help();
    });
}
