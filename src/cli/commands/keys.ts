import { Argument, Command } from "commander";
import type { DataStore, Entry } from "../../client/index.ts";
import { completes } from "../completion/completes.ts";
import { addConnection, addNamespace, namespaceOf, openStore } from "../flags/connection.ts";
import { addListFlags, printList } from "../terminal/print-list.ts";

/** An entry without its value, which may be large. */
type Listed = Omit<Entry, "value" | "createdAt" | "updatedAt" | "expiresAt"> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
};

export function keysCommand(): Command {
  const command = new Command("keys")
    .description("List the keys of a namespace.")
    .addArgument(
      completes(
        "keys",
        new Argument("[prefix]", "only keys that begin with this").default("", "all"),
      ),
    );
  addNamespace(addListFlags(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints the keys, one a line; on a terminal a table. None is no failure.

Examples:
  $ baton keys task:
  $ baton keys | while read -r key; do baton get -- "$key"; done
  $ baton keys --json | jq -r 'select(.sizeBytes > 1000) | .key'`,
    )
    .action(async (prefix: string) => {
      await using store = await openStore(command);
      await printList(command, {
        items: listKeys(store, namespaceOf(command), prefix),
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

interface Page {
  readonly page: {
    readonly nodes: readonly Listed[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

const document = `query ($namespace: String!, $keyPrefix: String, $after: String) {
  page: entries(namespace: $namespace, keyPrefix: $keyPrefix, first: 100, after: $after) {
    nodes {
      namespace key metadata revision createdRevision createdAt updatedAt createdBy updatedBy expiresAt sizeBytes
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** The entries without their values, sorted by key, page by page as they are asked for. */
export async function* listKeys(
  store: DataStore,
  namespace: string,
  keyPrefix: string,
  signal?: AbortSignal,
): AsyncGenerator<Listed, void> {
  let after: string | undefined;
  for (;;) {
    const variables: Readonly<Record<string, unknown>> = { namespace, keyPrefix, after };
    const { page }: Page = await store.graphql<Page>(document, variables, { signal });
    yield* page.nodes;
    if (!page.pageInfo.hasNextPage) return;
    after = page.pageInfo.endCursor;
  }
}
