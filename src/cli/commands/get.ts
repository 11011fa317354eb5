import { Command } from "commander";
import { StartError } from "../../start-error.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addEntryFormat } from "../flags/format.ts";
import { describeKey, keyArgument, wildcardHint } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { parseRevision } from "../flags/revision.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";
import { showEntry, type EntryFormat } from "../terminal/show-entry.ts";

export function getCommand(): Command {
  const command = new Command("get")
    .description("Print the value of a key.")
    .addArgument(keyArgument())
    .option("--at <revision>", "the value as of this revision", parseRevision);
  addNamespace(addEntryFormat(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints JSON: in one line, or indented on a terminal.
Exits with 1 if the entry does not exist.

Examples:
  $ baton get report                         the value
  $ baton get report | jq .rows              a part of it
  $ baton get notes --raw > notes.md         a text unchanged
  $ baton get report --at 42                 the value as it was then
  $ baton get report --json | jq -r .revision`,
    )
    .action(async (key: string) => {
      await using store = await openStore(command);
      const namespace = namespaceOf(command);
      const { at } = command.opts<{ at?: string }>();
      const entry = await store.namespace(namespace).entry(key, { at });
      if (!entry) {
        throw new StartError(
          at === undefined
            ? `No entry ${describeKey(key, namespace)}.${wildcardHint(key)}`
            : `No entry ${describeKey(key, namespace)} at revision ${at}.`,
          exitCodes.absent,
        );
      }
      await print(showEntry(entry, command.opts<EntryFormat>()));
    });
}
