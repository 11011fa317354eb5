import { InvalidArgumentError, Option as CommanderOption, type Command } from "commander";
import { defaultConfig, options, parseOption, type Config, type Option } from "../../config.ts";

type Name = keyof Config;

/** Adds options of the server's table to a command: each a flag, and its environment variable. */
export function addOptions(command: Command, names: readonly Name[]): Command {
  for (const name of names) command.addOption(flagOf(options[name]));
  return command;
}

/** Adds every option there is. */
export function addAllOptions(command: Command): Command {
  return addOptions(command, Object.keys(options) as Name[]);
}

/** The configuration that a command was given: flags before environment before defaults. */
export function configOf(command: Command): Config {
  const given = command.opts<Record<string, string | number>>();
  const set = Object.entries(options)
    .map(([name, option]) => [name, given[attributeOf(option)]] as const)
    // Empty, as a variable often is, means unset: an empty host would be every address.
    .filter(([, value]) => value !== undefined && value !== "");
  return defaultConfig(Object.fromEntries(set));
}

function flagOf(option: Option): CommanderOption {
  const flag = new CommanderOption(`--${option.flag} <${option.unit}>`, option.help).env(
    option.env,
  );
  // For the help and for completion; the parser below is the one that counts.
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

function attributeOf(option: Option): string {
  return new CommanderOption(`--${option.flag} <${option.unit}>`).attributeName();
}

/** The options of a command that works on the database itself. */
export const databaseOptions = ["dataDir", "databaseUrl"] as const;
