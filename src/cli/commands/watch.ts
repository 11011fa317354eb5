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
    .description("Print changes as they happen, one per line, until interrupted.")
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
      namespacePrefixOption("every namespace whose name begins with this prefix").conflicts(
        "allNamespaces",
      ),
    )
    .option("-A, --all-namespaces", "every namespace")
    .addOption(
      new Option(
        "--snapshot",
        "begin with the existing entries (EXISTING), then print CAUGHT_UP",
      ).conflicts("after"),
    )
    .option(
      "--after <revision>",
      "begin with the changes later than this revision; pass --epoch, too",
      parseRevision,
    )
    .option(
      "--epoch <epoch>",
      "the epoch of --after, saved with it; the command fails if a backup was restored since",
    )
    .option("--count <lines>", "exit after this number of lines", parseCount)
    .option("--json", "print JSON on a terminal, too");
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one JSON object per line; on a terminal, the revision, the kind of change,
the namespace, the key, the value and the agent. By default, only new changes are
printed. If the connection is lost, the command reconnects without a gap and
without a time limit. It fails only if it cannot reach the server at the start.
Ctrl-C ends it. --count 1 ends it with the first change; | head -1 ends it with
the second. With --where, an entry that no longer matches is printed as UNMATCHED.
To save a revision for --after, save the epoch that baton status shows with it:
after a backup was restored, revisions name other changes.

Examples:
  $ baton watch -A
  $ baton watch --prefix task: --snapshot
  $ baton watch --snapshot --where '/state = "open"'
  $ baton watch --key report --count 1 | jq .entry.value
  $ baton watch --after "$revision" --epoch "$epoch" | while read -r change; do …; done`,
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

/** A key with a wildcard would never match a change. */
function parseKey(text: string): string {
  if (!text.endsWith("*")) return text;
  throw new InvalidArgumentError(
    `A key cannot contain a wildcard. Use --prefix ${text.replace(/\*+$/, "")}`,
  );
}
