import { Argument, Command } from "commander";
import { completes } from "../completion/completes.ts";
import { addConnection, openStore } from "../flags/connection.ts";
import { addListFlags, printList } from "../terminal/print-list.ts";

export function namespacesCommand(): Command {
  const command = new Command("namespaces")
    .description("List the namespaces: those that hold an entry.")
    .addArgument(
      completes(
        "namespaces",
        new Argument("[prefix]", "only names that begin with this").default("", "all"),
      ),
    );
  addListFlags(command);
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
      await printList(command, {
        items: await store.namespaces({ prefix }),
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
