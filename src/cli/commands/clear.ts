import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { Command, Option } from "commander";
import type { DataStore } from "../../client/index.ts";
import { CommandError } from "../terminal/command-error.ts";
import { completes } from "../completion/completes.ts";
import { addConnection, addNamespace, namespaceOf, openStore } from "../flags/connection.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { wrong } from "../terminal/input.ts";
import { print } from "../terminal/output.ts";

interface Flags {
  readonly prefix?: string;
  readonly allNamespaces?: true;
  readonly yes?: true;
}

/** Which namespaces are cleared, for the program and for its person. */
interface Target {
  readonly count: (store: DataStore) => Promise<number>;
  readonly clear: (store: DataStore) => Promise<number>;
  readonly described: string;
}

export function clearCommand(): Command {
  const command = new Command("clear").description(
    "Delete every entry of a namespace, or of several, all at once, and print how many there were.",
  );
  addNamespace(command)
    .addOption(
      completes(
        "namespaces",
        new Option("-p, --prefix <prefix>", "every namespace whose name begins with this"),
      ).conflicts("allNamespaces"),
    )
    .option("-A, --all-namespaces", "every namespace there is")
    .option("-y, --yes", "do not ask; where nobody can be asked, it is needed");
  return addConnection(command)
    .addHelpText(
      "after",
      `
The namespace must be named, by -n or BATON_NAMESPACE: even the default one.

Examples:
  $ baton clear -n pipeline:job-123
  $ baton clear --prefix pipeline: --yes`,
    )
    .action(async () => {
      const { yes } = command.opts<Flags>();
      const target = targetOf(command);
      if (!yes && !process.stdin.isTTY) throw wrong("Nobody can be asked here: say --yes.");
      await using store = await openStore(command);
      if (!yes && !(await isConfirmed(await target.count(store), target.described))) {
        throw new CommandError("Nothing was cleared.", exitCodes.other);
      }
      await print(`${await target.clear(store)}\n`);
    });
}

function targetOf(command: Command): Target {
  const { prefix, allNamespaces } = command.opts<Flags>();
  const source = command.getOptionValueSource("namespace");
  if (prefix === undefined && !allNamespaces) {
    // Empty is what a script's variable is that was never set.
    if (source === "default" || command.opts<{ namespace: string }>().namespace === "") {
      throw wrong("Say what to clear: -n, --prefix or --all-namespaces.");
    }
    return ofNamespace(namespaceOf(command));
  }
  if (source === "cli") throw wrong("-n excludes --prefix and --all-namespaces.");
  // Of a script whose variable is empty.
  if (prefix === "") throw wrong("The prefix is empty. Every namespace is --all-namespaces.");
  return ofPrefix(prefix ?? "");
}

function ofNamespace(name: string): Target {
  return {
    count: async (store) => (await store.namespace(name).info())?.entryCount ?? 0,
    clear: (store) => store.namespace(name).clear(),
    described: `namespace ${JSON.stringify(name)}`,
  };
}

function ofPrefix(prefix: string): Target {
  const described = `namespaces that begin with ${JSON.stringify(prefix)}`;
  return {
    count: async (store) =>
      (await store.namespaces({ prefix })).reduce((sum, { entryCount }) => sum + entryCount, 0),
    clear: (store) => store.clear(prefix),
    described: prefix === "" ? "all namespaces" : described,
  };
}

async function isConfirmed(count: number, described: string): Promise<boolean> {
  // Standard output is for data.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const entries = count === 1 ? "the one entry" : `all ${count} entries`;
  // Ctrl-C and Ctrl-D answer, too; without this the question would stay open for ever.
  const left = once(terminal, "close").then(() => "");
  try {
    const question = `Delete ${entries} of ${described}? [y/N] `;
    const answer = await Promise.race([terminal.question(question), left]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
