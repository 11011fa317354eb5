import { Command, InvalidArgumentError, Option } from "commander";
import type { ValueCondition } from "../../client/index.ts";
import { openStore } from "../connection/open-store.ts";
import { completes } from "../flags/completes.ts";
import { addConnection } from "../flags/connection.ts";
import { parseCount } from "../flags/count.ts";
import { addNamespace, namespaceOf, refuseNamespace } from "../flags/namespace.ts";
import { keyPrefixOption, namespacePrefixOption } from "../flags/prefix.ts";
import { whereOption } from "../flags/where.ts";
import { parseRevision } from "../flags/revision.ts";
import { print } from "../terminal/output.ts";
import { showChange, type ChangeFormat } from "../terminal/show-change.ts";

interface Flags extends ChangeFormat {
  readonly key?: string;
  readonly prefix?: string;
  readonly namespacePrefix?: string;
  readonly allNamespaces?: true;
  readonly snapshot?: true;
  readonly after?: string;
  readonly epoch?: string;
  readonly count?: number;
  readonly where?: ValueCondition[];
}

export function watchCommand(): Command {
  const command = new Command("watch")
    .description("Print changes as they happen, one a line, until it is interrupted.")
    .addOption(
      completes(
        "keys",
        new Option("-k, --key <key>", "only this key").argParser(parseKey),
      ).conflicts("prefix"),
    )
    .addOption(keyPrefixOption())
    .addOption(whereOption());
  addNamespace(command)
    .addOption(
      namespacePrefixOption("every namespace whose name begins with this").conflicts(
        "allNamespaces",
      ),
    )
    .option("-A, --all-namespaces", "every namespace")
    .addOption(
      new Option("--snapshot", "begin with what there is: EXISTING …, then CAUGHT_UP").conflicts(
        "after",
      ),
    )
    .option("--after <revision>", "begin with the changes later than this revision", parseRevision)
    .option(
      "--epoch <epoch>",
      "the store's epoch when --after was seen; refused if a backup was restored since",
    )
    .option("--count <lines>", "end after so many lines", parseCount)
    .option("--json", "JSON on a terminal, too");
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one JSON object a line; on a terminal the revision, what happened, the
namespace, the key, the value and the agent. Begins with what happens from now
on. A lost connection is taken up again without a gap, for as long as that
takes; only a server that cannot be reached at the start ends it. So does Ctrl-C,
and | head -1 with the change after. --count 1 ends with the first. With --where
it prints UNMATCHED where an entry was written that does not match now.

Examples:
  $ baton watch -A
  $ baton watch --prefix task: --snapshot
  $ baton watch --snapshot --where '/state = "open"'
  $ baton watch --key report --count 1 | jq .entry.value
  $ baton watch --after "$revision" | while read -r change; do …; done`,
    )
    .action(async () => {
      const { key, prefix, snapshot, after, epoch, count, where, ...format } =
        command.opts<Flags>();
      const selection = { ...namespacesOf(command), key, keyPrefix: prefix, where };
      await using store = await openStore(command);
      let printed = 0;
      for await (const change of store.watch({ ...selection, snapshot, after, epoch })) {
        await print(showChange(change, format));
        if (++printed === count) return;
      }
    });
}

function namespacesOf(command: Command): { namespace?: string; namespacePrefix?: string } {
  const { namespacePrefix, allNamespaces } = command.opts<Flags>();
  if (namespacePrefix === undefined && !allNamespaces) return { namespace: namespaceOf(command) };
  refuseNamespace(command, "--namespace-prefix and --all-namespaces");
  return allNamespaces ? {} : { namespacePrefix };
}

/** A pattern would be followed for ever without a change. */
function parseKey(text: string): string {
  if (!text.endsWith("*")) return text;
  throw new InvalidArgumentError(
    `A key takes no wildcard. Use --prefix ${text.replace(/\*+$/, "")}`,
  );
}
