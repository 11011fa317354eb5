import { Command } from "commander";
import type { DataStore } from "../../client/index.ts";
import { StartError } from "../../start-error.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { namespaceOf, namespaceOption, refuseNamespace } from "../flags/namespace.ts";
import { namespacePrefixOption } from "../flags/prefix.ts";
import { confirm, requireTerminal } from "../terminal/confirm.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";
import { usageError } from "../terminal/usage-error.ts";

interface Flags {
  readonly namespace?: string;
  readonly namespacePrefix?: string;
  readonly allNamespaces?: true;
  readonly yes?: true;
}

/** The namespaces to clear. */
interface Target {
  readonly count: (store: DataStore) => Promise<number>;
  readonly clear: (store: DataStore) => Promise<number>;
  /** Text for the confirmation question. */
  readonly description: string;
}

export function clearCommand(): Command {
  const command = new Command("clear")
    .description(
      "Delete every entry of one or more namespaces in one step, and print the number of deleted entries.",
    )
    .addOption(namespaceOption())
    .addOption(
      namespacePrefixOption("every namespace whose name begins with this prefix").conflicts(
        "allNamespaces",
      ),
    )
    .option("-A, --all-namespaces", "every namespace")
    .option(
      "-y, --yes",
      "do not ask for confirmation; required if standard input is not a terminal",
    );
  return addConnection(command)
    .addHelpText(
      "after",
      `
The namespace must be named, by -n or BATON_NAMESPACE: even the default one.

Examples:
  $ baton clear -n pipeline:job-123
  $ baton clear --namespace-prefix pipeline: --yes`,
    )
    .action(async () => {
      const { yes } = command.opts<Flags>();
      const target = targetOf(command);
      if (!yes) requireTerminal();
      await using store = await openStore(command);
      if (!yes && !(await confirm(questionOf(target, await target.count(store))))) {
        throw new StartError("Nothing was cleared.", exitCodes.other);
      }
      await print(`${await target.clear(store)}\n`);
    });
}

function targetOf(command: Command): Target {
  const { namespace, namespacePrefix, allNamespaces } = command.opts<Flags>();
  if (namespacePrefix === undefined && !allNamespaces) {
    // An unset variable in a script results in an empty name.
    if (!namespace) {
      throw usageError("Select what to clear with -n, --namespace-prefix or --all-namespaces.");
    }
    return ofNamespace(namespaceOf(command));
  }
  refuseNamespace(command, "--namespace-prefix and --all-namespaces");
  // An unset variable in a script results in an empty prefix.
  if (namespacePrefix === "") {
    throw usageError("The prefix is empty. To clear every namespace, use --all-namespaces.");
  }
  return ofPrefix(namespacePrefix ?? "");
}

function ofNamespace(name: string): Target {
  return {
    count: async (store) => (await store.namespace(name).info())?.entryCount ?? 0,
    clear: (store) => store.namespace(name).clear(),
    description: `namespace ${JSON.stringify(name)}`,
  };
}

function ofPrefix(prefix: string): Target {
  const description = `namespaces that begin with ${JSON.stringify(prefix)}`;
  return {
    count: async (store) =>
      (await store.namespaces({ namespacePrefix: prefix })).reduce(
        (sum, { entryCount }) => sum + entryCount,
        0,
      ),
    clear: (store) => store.clear(prefix),
    description: prefix === "" ? "all namespaces" : description,
  };
}

function questionOf({ description }: Target, count: number): string {
  const entries = count === 1 ? "1 entry" : `all ${count} entries`;
  return `Delete ${entries} of ${description}?`;
}
