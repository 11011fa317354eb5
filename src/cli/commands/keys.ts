import { Command } from "commander";
import type { ValueCondition } from "../../client/index.ts";
import { listKeys } from "../connection/list-keys.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { addListFormat } from "../flags/format.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { prefixArgument } from "../flags/prefix.ts";
import { whereOption } from "../flags/where.ts";
import { printList, type ListFormat } from "../terminal/print-list.ts";

export function keysCommand(): Command {
  const command = new Command("keys")
    .description("List the keys of a namespace.")
    .addArgument(prefixArgument("keys", "only keys that begin with this prefix"))
    .addOption(whereOption());
  addNamespace(addListFormat(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one key per line; on a terminal, a table. An empty list is not an error.

Examples:
  $ baton keys task:
  $ baton keys | while read -r key; do baton get -- "$key"; done
  $ baton keys task: --where '/state = "open"'
  $ baton keys --json | jq -r 'select(.sizeBytes > 1000) | .key'`,
    )
    .action(async (prefix: string) => {
      const { where } = command.opts<{ where?: ValueCondition[] }>();
      await using store = await openStore(command);
      await printList(command.opts<ListFormat>(), {
        items: listKeys(store, namespaceOf(command), prefix, { where }),
        nameOf: ({ key }) => key,
        columns: {
          REVISION: ({ revision }) => revision,
          BYTES: ({ sizeBytes }) => String(sizeBytes),
          UPDATED: ({ updatedAt }) => updatedAt,
          BY: ({ updatedBy }) => updatedBy ?? "-",
          EXPIRES: ({ expiresAt }) => expiresAt ?? "-",
          KEY: ({ key }) => key,
        },
      });
    });
}
