import { InvalidArgumentError, Option as CommanderOption, type Command } from "commander";
import { defaultConfig, type Config } from "../../config.ts";
import { parseOption, variableOf, type Option } from "../../option.ts";
import { options } from "../../options.ts";

type Name = keyof Config;

const databaseOptions: readonly Name[] = ["dataDir", "databaseUrl"];

/** Adds the options of a command that works on the database directly. */
export function addDatabaseOptions(command: Command): Command {
  return addOptions(command, databaseOptions);
}

/** Adds every option of the server. */
export function addServerOptions(command: Command): Command {
  return addOptions(command, Object.keys(options) as Name[]);
}

/** The configuration of a command: flags override the environment, which overrides the defaults. Empty values are unset. */
export function configOf(command: Command): Config {
  const given = command.opts<Record<string, string | number>>();
  const set = Object.entries(options)
    .map(([name, option]) => [name, given[flagOf(option).attributeName()]] as const)
    // An empty variable counts as unset. An empty host, for example, would mean every address.
    .filter(([, value]) => value !== undefined && value !== "");
  return defaultConfig(Object.fromEntries(set));
}

function addOptions(command: Command, names: readonly Name[]): Command {
  for (const name of names) command.addOption(flagOf(options[name]));
  return command;
}

function flagOf(option: Option): CommanderOption {
  const flag = new CommanderOption(`--${option.flag} <${option.unit}>`, option.help).env(
    variableOf(option),
  );
  // Help and completion show the choices. The parser below checks them.
  if (option.type === "choice") flag.choices(option.choices);
  flag.argParser((text) => {
    if (text === "") return text;
    try {
      return parseOption(option, text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });
  return option.default === "" ? flag : flag.default(option.default);
}
