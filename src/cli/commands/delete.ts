import { Argument, Command } from "commander";
import type { DataStore } from "../../client/index.ts";
import { CommandError } from "../terminal/command-error.ts";
import { completes } from "../completion/completes.ts";
import { addConnection, addNamespace, namespaceOf, openStore } from "../flags/connection.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { wrong } from "../terminal/input.ts";
import { print } from "../terminal/output.ts";
import { ifRevisionOption } from "./set.ts";

export function deleteCommand(): Command {
  const command = new Command("delete")
    .description("Delete keys, all at once, and print how many there were.")
    .addArgument(completes("keys", new Argument("<keys...>", "their keys")))
    .addOption(ifRevisionOption());
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Exits with 1 where one of them was not there; the others are deleted all the
same.

Examples:
  $ baton delete report
  $ baton delete lock --if-revision 42
  $ baton keys tmp: | xargs -d '\\n' -n 1000 baton delete --`,
    )
    .action(async (keys: readonly string[]) => {
      const { ifRevision } = command.opts<{ ifRevision?: string }>();
      if (ifRevision !== undefined && keys.length > 1) throw wrong("--if-revision is for one key.");
      const namespace = namespaceOf(command);
      await using store = await openStore(command);
      const absent = await deleteAll(store, namespace, keys, ifRevision);
      await print(`${keys.length - absent.length}\n`);
      if (absent.length === 0) return;
      const place = `${JSON.stringify(absent[0])} in namespace ${JSON.stringify(namespace)}`;
      const others = absent.length === 1 ? "" : ` (and ${absent.length - 1} more)`;
      throw new CommandError(`There was no ${place}${others}.`, exitCodes.absent);
    });
}

/** Returns which were not there. */
async function deleteAll(
  store: DataStore,
  namespace: string,
  keys: readonly string[],
  ifRevision?: string,
): Promise<readonly string[]> {
  // One key needs no transaction, which a token that may only write can't use.
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    return (await store.namespace(namespace).delete(only, { ifRevision })) ? [] : [only];
  }
  const { results } = await store.transact((t) => {
    const part = t.in(namespace);
    for (const key of keys) part.delete(key);
  });
  return keys.filter((_key, index) => !results[index]?.deleted);
}
