import { Argument, Command, Option } from "commander";
import { CommandError } from "../terminal/command-error.ts";
import { completes } from "../completion/completes.ts";
import { addConnection, addNamespace, namespaceOf, openStore } from "../flags/connection.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print, showEntry, type EntryFlags } from "../terminal/output.ts";

export function getCommand(): Command {
  const command = new Command("get")
    .description("Print the value of a key.")
    .addArgument(keyArgument());
  addNamespace(addEntryFlags(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints JSON: in one line, or indented on a terminal.
Exits with 1 where there is no such entry.

Examples:
  $ baton get report                         the value
  $ baton get report | jq .rows              a part of it
  $ baton get notes --raw > notes.md         a text as it is
  $ baton get report --json | jq -r .revision`,
    )
    .action(async (key: string) => {
      await using store = await openStore(command);
      const namespace = namespaceOf(command);
      const entry = await store.namespace(namespace).entry(key);
      if (!entry) {
        const place = `${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)}`;
        throw new CommandError(`There is no ${place}.`, exitCodes.absent);
      }
      await print(showEntry(entry, command.opts<EntryFlags>()));
    });
}

/** `<key>`, which a shell completes. */
export function keyArgument(): Argument {
  return completes("keys", new Argument("<key>", "its key"));
}

/** Adds how an entry is shown. */
export function addEntryFlags(command: Command): Command {
  return command
    .addOption(new Option("-r, --raw", "a text without quotes, exactly as it is").conflicts("json"))
    .option("--json", "the whole entry: value, metadata, revision, times, agents");
}
