import { Command } from "commander";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addEntryFormat } from "../flags/format.ts";
import { keyArgument } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { ifRevisionOption } from "../flags/revision.ts";
import { addFileFlag, readValue, type ValueFlags } from "../flags/value.ts";
import { addChangingFlags, writeOptionsOf, type WriteFlags } from "../flags/write.ts";
import { print } from "../terminal/output.ts";
import { showEntry, type EntryFormat } from "../terminal/show-entry.ts";

type Flags = ValueFlags & WriteFlags & EntryFormat;

export function patchCommand(): Command {
  const command = new Command("patch")
    .description("Merge into an object in one step, and print the new value.")
    .addArgument(keyArgument())
    .argument("[value]", "a JSON Merge Patch (RFC 7396); - or no value: from standard input");
  addChangingFlags(addFileFlag(command)).addOption(ifRevisionOption());
  addNamespace(addEntryFormat(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Members of the patch replace those of the value, objects at every level; null
removes one. What the patch does not name stays.

Examples:
  $ baton patch meta '{"phase": "parse", "error": null}'
  $ jq '{rows: length}' rows.json | baton patch meta`,
    )
    .action(async (key: string, value: string | undefined) => {
      const flags = command.opts<Flags>();
      const patch = await readValue(value, flags);
      await using store = await openStore(command);
      const namespace = store.namespace(namespaceOf(command));
      await print(showEntry(await namespace.patch(key, patch, writeOptionsOf(flags)), flags));
    });
}
