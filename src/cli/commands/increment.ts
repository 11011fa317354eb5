import { Command, InvalidArgumentError, Option } from "commander";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addEntryFormat } from "../flags/format.ts";
import { keyArgument } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { ifRevisionOption } from "../flags/revision.ts";
import { addChangingFlags, writeOptionsOf, type WriteFlags } from "../flags/write.ts";
import { print } from "../terminal/output.ts";
import { showEntry, type EntryFormat } from "../terminal/show-entry.ts";

interface Flags extends WriteFlags, EntryFormat {
  readonly by: number;
  readonly path?: string;
}

export function incrementCommand(): Command {
  const command = new Command("increment")
    .description("Add to a number in one step, and print the new value.")
    .addArgument(keyArgument())
    .addOption(
      new Option("--by <number>", "the number to add; a negative number subtracts")
        .default(1)
        .argParser(parseBy),
    )
    .option("--path <pointer>", "the number inside the value, as a JSON Pointer such as /done");
  addChangingFlags(command).addOption(ifRevisionOption());
  addNamespace(addEntryFormat(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
A key that does not exist counts as 0. Calls at the same time all count.

Examples:
  $ baton increment visits
  $ baton increment meta --path /completed
  $ baton increment budget --by -2.5`,
    )
    .action(async (key: string) => {
      const { by, path, ...flags } = command.opts<Flags>();
      await using store = await openStore(command);
      const options = { by, path, ...writeOptionsOf(flags) };
      const entry = await store.namespace(namespaceOf(command)).increment(key, options);
      await print(showEntry(entry, flags));
    });
}

/** The API accepts a float, so an integer that would be rounded is refused here. */
function parseBy(text: string): number {
  const by = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(by) && !Number.isSafeInteger(by)) {
    const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
    throw new InvalidArgumentError(`An integer must be from ${least} to ${most}.`);
  }
  if (Number.isFinite(by)) return by;
  throw new InvalidArgumentError("It must be a number, such as 1, -1 or 0.5.");
}
