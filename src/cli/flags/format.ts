import { Option, type Command } from "commander";

/** Adds the flags of `EntryFormat`. */
export function addEntryFormat(command: Command): Command {
  return command
    .addOption(
      new Option("-r, --raw", "print a string without quotes, exactly as stored").conflicts("json"),
    )
    .option("--json", "print the whole entry: value, metadata, revision, times, agents");
}

/** Adds the flags of `ListFormat`. */
export function addListFormat(command: Command): Command {
  return command
    .addOption(
      new Option("-l, --long", "print the table, even if the output is not a terminal").conflicts(
        "json",
      ),
    )
    .option("--json", "print all fields, as one JSON object per line");
}
