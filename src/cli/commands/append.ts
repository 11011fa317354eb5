import { Command, Option } from "commander";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { parseCount } from "../flags/count.ts";
import { addEntryFormat } from "../flags/format.ts";
import { keyArgument } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { ifRevisionOption } from "../flags/revision.ts";
import { addFileFlag, addStringFlag, readValue, type ValueFlags } from "../flags/value.ts";
import { addChangingFlags, writeOptionsOf, type WriteFlags } from "../flags/write.ts";
import { print } from "../terminal/output.ts";
import { showEntry, type EntryFormat } from "../terminal/show-entry.ts";

interface Flags extends ValueFlags, WriteFlags, EntryFormat {
  readonly maxLength?: number;
}

export function appendCommand(): Command {
  const command = new Command("append")
    .description("Append an item to an array in one step, and print the new value.")
    .addArgument(keyArgument())
    .argument("[value]", "the item as JSON; - or no value: from standard input");
  addFileFlag(addStringFlag(command)).addOption(
    new Option("--max-length <items>", "keep at most this number of items, the newest").argParser(
      parseCount,
    ),
  );
  addChangingFlags(command).addOption(ifRevisionOption());
  addNamespace(addEntryFormat(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
A key that does not exist becomes an array of this item.

Examples:
  $ baton append recent --string file-17 --max-length 100
  $ baton append events '{"kind": "parsed"}'`,
    )
    .action(async (key: string, value: string | undefined) => {
      const { maxLength, ...flags } = command.opts<Flags>();
      const item = await readValue(value, flags);
      await using store = await openStore(command);
      const options = { maxLength, ...writeOptionsOf(flags) };
      const entry = await store.namespace(namespaceOf(command)).append(key, item, options);
      await print(showEntry(entry, flags));
    });
}
