import { Option, type Command } from "commander";

/** Adds the flags of `EntryFormat`. */
export function addEntryFormat(command: Command): Command {
  return command
    .addOption(new Option("-r, --raw", "a text without quotes, exactly as it is").conflicts("json"))
    .option("--json", "the whole entry: value, metadata, revision, times, agents");
}

/** Adds the flags of `ListFormat`. */
export function addListFormat(command: Command): Command {
  return command
    .addOption(new Option("-l, --long", "the table, whoever reads it").conflicts("json"))
    .option("--json", "all there is to say of each, as one JSON object a line");
}
