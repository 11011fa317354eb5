import { Command, InvalidArgumentError, Option } from "commander";
import { minSearchCharacters } from "../../store/model/limits.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { parseCount } from "../flags/count.ts";
import { addListFormat } from "../flags/format.ts";
import { namespacePrefixOption } from "../flags/prefix.ts";
import { oneField } from "../terminal/control-characters.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { SilentEnd } from "../terminal/silent-end.ts";
import { printList, type ListFormat } from "../terminal/print-list.ts";

interface Flags extends ListFormat {
  readonly namespacePrefix?: string;
  readonly limit: number;
}

export function searchCommand(): Command {
  const command = new Command("search")
    .description("Find entries that contain a text in their key or in a string of their value.")
    .argument(
      "<text>",
      `the text to find: at least ${minSearchCharacters} characters, without wildcards`,
      parseText,
    )
    .addOption(namespacePrefixOption("only namespaces whose names begin with this prefix"))
    .addOption(
      new Option("--limit <results>", "maximum number of results")
        .default(20)
        .argParser(parseCount),
    );
  addListFormat(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints the namespace, the key and the text around the match, separated by tabs,
the most recently written first; on a terminal, a table. The search ignores case.

Exits with 1 if nothing is found.

Examples:
  $ baton search 'token refresh'
  $ baton search refused --namespace-prefix job: --limit 100
  $ baton search refused --json | jq -r '.entry.value.error'`,
    )
    .action(async (text: string) => {
      const { namespacePrefix, limit, ...format } = command.opts<Flags>();
      await using store = await openStore(command);
      const results = store.search(text, { namespacePrefix, limit });
      const count = await printList(format, {
        items: results,
        nameOf: ({ entry, snippet }) =>
          [entry.namespace, entry.key, snippet].map(oneField).join("\t"),
        columns: {
          NAMESPACE: ({ entry }) => entry.namespace,
          KEY: ({ entry }) => entry.key,
          WHERE: ({ match }) => oneField(match.path ?? "(key)"),
          TEXT: ({ snippet }) => oneField(snippet),
        },
      });
      if (count === 0) throw new SilentEnd(exitCodes.absent);
    });
}

/** The server checks this too. The command line can name the command to use instead. */
function parseText(text: string): string {
  if ([...text].length >= minSearchCharacters) return text;
  throw new InvalidArgumentError(
    `It must have at least ${minSearchCharacters} characters. To list keys by a prefix, use: baton keys <prefix>.`,
  );
}
