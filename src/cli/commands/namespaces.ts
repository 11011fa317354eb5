import { Command, Option } from "commander";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addListFormat } from "../flags/format.ts";
import { parseCount } from "../flags/count.ts";
import { prefixArgument } from "../flags/prefix.ts";
import { printList, type ListFormat } from "../terminal/print-list.ts";

export function namespacesCommand(): Command {
  const command = new Command("namespaces")
    .description("List the namespaces. A namespace exists while it holds an entry.")
    .addArgument(prefixArgument("namespaces", "only names that begin with this prefix"))
    .option(
      "--segments <pattern>",
      "only names with these segments: * is any one, ** is any number",
    )
    .option("--suffix <pattern>", "only names that end with these segments: * is any one")
    .addOption(
      new Option("--depth <segments>", "truncate names to this number of segments").argParser(
        parseCount,
      ),
    )
    .option("--delimiter <text>", "separator between segments", ":");
  addListFormat(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one name per line, or a table on a terminal. Exits with 0 if there are none. A shortened name stands for all
namespaces that begin with it, and shows their totals.

Examples:
  $ baton namespaces pipeline:
  $ baton namespaces --segments 'users:*:memories'
  $ baton namespaces --depth 1
  $ baton namespaces --json | jq -r 'select(.entryCount > 100) | .name'`,
    )
    .action(async (prefix: string) => {
      await using store = await openStore(command);
      const { segments, suffix, depth, delimiter } = command.opts<Flags>();
      await printList(command.opts<ListFormat>(), {
        items: await store.namespaces({
          namespacePrefix: prefix,
          segments: segments?.split(delimiter),
          suffix: suffix?.split(delimiter),
          depth,
          delimiter,
        }),
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

interface Flags {
  readonly segments?: string;
  readonly suffix?: string;
  readonly depth?: number;
  readonly delimiter: string;
}
