import { Command } from "commander";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addListFormat } from "../flags/format.ts";
import { prefixArgument } from "../flags/prefix.ts";
import { printList, type ListFormat } from "../terminal/print-list.ts";

export function namespacesCommand(): Command {
  const command = new Command("namespaces")
    .description("List the namespaces: those that hold an entry.")
    .addArgument(prefixArgument("namespaces", "only names that begin with this"));
  addListFormat(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints the names, one a line; on a terminal a table. None is no failure.

Examples:
  $ baton namespaces pipeline:
  $ baton namespaces --json | jq -r 'select(.entryCount > 100) | .name'`,
    )
    .action(async (prefix: string) => {
      await using store = await openStore(command);
      await printList(command.opts<ListFormat>(), {
        items: await store.namespaces({ namespacePrefix: prefix }),
        nameOf: ({ name }) => name,
        columns: {
          ENTRIES: ({ entryCount }) => String(entryCount),
          BYTES: ({ sizeBytes }) => String(sizeBytes),
          UPDATED: ({ updatedAt }) => updatedAt.toISOString(),
          AGENTS: ({ agents }) => agents.join(",") || "-",
          NAMESPACE: ({ name }) => name,
        },
      });
    });
}
