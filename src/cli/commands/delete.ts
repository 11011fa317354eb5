import { Argument, Command } from "commander";
import type { DataStore } from "../../client/index.ts";
import { shellWord } from "../../shell-word.ts";
import { StartError } from "../../start-error.ts";
import { openStore } from "../connection/open-store.ts";
import { completes } from "../flags/completes.ts";
import { addConnection } from "../flags/connection.ts";
import { describeKey, wildcardHint } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { ifRevisionOption } from "../flags/revision.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";
import { usageError } from "../terminal/usage-error.ts";

export function deleteCommand(): Command {
  const command = new Command("delete")
    .description("Delete keys in one step, and print the number of deleted entries.")
    .addArgument(completes("keys", new Argument("<keys...>", "the keys")))
    .addOption(ifRevisionOption());
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Exits with 1 if one of the keys does not exist. The others are deleted
nevertheless.

Examples:
  $ baton delete report
  $ baton delete lock --if-revision 42
  $ baton keys tmp: | xargs -d '\\n' -n 1000 baton delete --`,
    )
    .action(async (keys: readonly string[]) => {
      const { ifRevision } = command.opts<{ ifRevision?: string }>();
      if (ifRevision !== undefined && keys.length > 1)
        throw usageError("--if-revision accepts only one key.");
      const namespace = namespaceOf(command);
      await using store = await openStore(command);
      const distinct = [...new Set(keys)];
      const absent = await deleteAll(store, namespace, distinct, ifRevision);
      await print(`${distinct.length - absent.length}\n`);
      const [first] = absent;
      if (first === undefined) return;
      const others = absent.length === 1 ? "" : ` (and ${absent.length - 1} more)`;
      throw new StartError(
        `No entry ${describeKey(first, namespace)}${others}.${wildcardHint(first)}${placeHint(command, keys, absent)}`,
        exitCodes.absent,
      );
    });
}

/** `baton delete handoff data-ready` names two keys, and is most likely meant to name a namespace and a key. */
function placeHint(
  command: Command,
  [first = "", ...others]: readonly string[],
  absent: readonly string[],
): string {
  if (others.length === 0 || absent.length <= others.length) return "";
  if (command.getOptionValueSource("namespace") === "cli") return "";
  const words = [first, ...others.slice(0, 3)].map(shellWord);
  const more = others.length > 3 ? " …" : "";
  return ` Did you mean baton delete --namespace ${words.join(" ")}${more}?`;
}

/** @returns the keys that did not exist */
async function deleteAll(
  store: DataStore,
  namespace: string,
  keys: readonly string[],
  ifRevision?: string,
): Promise<readonly string[]> {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    return (await store.namespace(namespace).delete(only, { ifRevision })) ? [] : [only];
  }
  const deleted = new Set(await store.namespace(namespace).deleteMany(keys));
  return keys.filter((key) => !deleted.has(key));
}
