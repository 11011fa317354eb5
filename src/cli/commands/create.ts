import { Command, Option } from "commander";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { parsePrefix } from "../flags/prefix.ts";
import { addFileFlag, addStringFlag, readValue, type ValueFlags } from "../flags/value.ts";
import { addReplacingFlags, writeOptionsOf, type WriteFlags } from "../flags/write.ts";
import { print } from "../terminal/output.ts";

interface Flags extends ValueFlags, WriteFlags {
  readonly prefix?: string;
}

export function createCommand(): Command {
  const command = new Command("create")
    .description("Add an entry with a key that the server generates, and print the key.")
    .argument("[value]", "the value as JSON; - or no value: from standard input");
  addFileFlag(addStringFlag(command)).addOption(
    new Option("-p, --prefix <prefix>", "prefix of the key").argParser(parsePrefix),
  );
  addReplacingFlags(command);
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
The key is the prefix and the revision, so that keys sort in the order in which
the entries were added, by however many writers.

Examples:
  $ baton create --prefix event: '{"kind": "parsed"}'
  $ ./work | baton create -n log --ttl 7d`,
    )
    .action(async (value: string | undefined) => {
      const flags = command.opts<Flags>();
      const item = await readValue(value, flags);
      await using store = await openStore(command);
      const options = { keyPrefix: flags.prefix, ...writeOptionsOf(flags) };
      const { key } = await store.namespace(namespaceOf(command)).create(item, options);
      await print(`${key}\n`);
    });
}
