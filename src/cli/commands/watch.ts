import { Command, Option } from "commander";
import type { Change } from "../../client/index.ts";
import { writeJson } from "../../json/write-json.ts";
import { openStore } from "../connection/open-store.ts";
import { completes } from "../flags/completes.ts";
import { addConnection } from "../flags/connection.ts";
import { parseCount } from "../flags/count.ts";
import { addNamespace, namespaceOf, refuseNamespace } from "../flags/namespace.ts";
import { parseRevision } from "../flags/revision.ts";
import { escapeControls } from "../terminal/control-characters.ts";
import { isOutputTerminal, print } from "../terminal/output.ts";

interface Flags {
  readonly key?: string;
  readonly prefix?: string;
  readonly namespacePrefix?: string;
  readonly allNamespaces?: true;
  readonly snapshot?: true;
  readonly after?: string;
  readonly count?: number;
  readonly json?: true;
}

export function watchCommand(): Command {
  const command = new Command("watch")
    .description("Print changes as they happen, one a line, until it is interrupted.")
    .addOption(
      completes("keys", new Option("-k, --key <key>", "only this key")).conflicts("prefix"),
    )
    .addOption(
      completes("keys", new Option("-p, --prefix <prefix>", "only keys that begin with this")),
    );
  addNamespace(command)
    .addOption(
      completes(
        "namespaces",
        new Option("--namespace-prefix <prefix>", "every namespace whose name begins with this"),
      ).conflicts("allNamespaces"),
    )
    .option("-A, --all-namespaces", "every namespace")
    .addOption(
      new Option("--snapshot", "begin with what there is: EXISTING …, then CAUGHT_UP").conflicts(
        "after",
      ),
    )
    .option("--after <revision>", "begin with the changes later than this revision", parseRevision)
    .option("--count <lines>", "end after so many lines", parseCount)
    .option("--json", "JSON on a terminal, too");
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one JSON object a line; on a terminal the revision, what happened, the
namespace, the key, the value and the agent. Begins with what happens from now
on. A lost connection is taken up again without a gap, for as long as that
takes; only a server that can't be reached at the start ends it. So does Ctrl-C,
and | head -1 with the change after. --count 1 ends with the first.

Examples:
  $ baton watch -A
  $ baton watch --prefix task: --snapshot
  $ baton watch --key report --count 1 | jq .entry.value
  $ baton watch --after "$revision" | while read -r change; do …; done`,
    )
    .action(async () => {
      const { key, prefix, snapshot, after, count, json } = command.opts<Flags>();
      const isLine = isOutputTerminal() && !json;
      await using store = await openStore(command);
      const selection = { ...namespacesOf(command), key, keyPrefix: prefix };
      let printed = 0;
      for await (const change of store.watch({ ...selection, snapshot, after })) {
        await print(
          isLine ? lineOf(change, process.stdout.columns || 80) : `${writeJson(change)}\n`,
        );
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

/** A change as one line of a terminal. */
function lineOf(change: Change, columns: number): string {
  const { revision, kind, namespace, key, agent, entry } = change;
  const cells = [
    revision.padStart(6),
    kind.padEnd("EXISTING".length),
    ...(namespace === null ? [] : [namespace]),
    ...(key === null ? [] : [key]),
    ...(entry === null ? [] : [escapeControls(writeJson(entry.value))]),
  ];
  const by = agent === null ? "" : `  (${agent})`;
  const line = cells.join("  ");
  const room = Math.max(columns - by.length - 1, 40);
  return `${line.length > room ? `${line.slice(0, room - 1)}…` : line}${by}\n`;
}
