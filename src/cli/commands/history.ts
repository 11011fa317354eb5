import { Command } from "commander";
import { StartError } from "../../start-error.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { describeKey, keyArgument } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";
import { showChange, type ChangeFormat } from "../terminal/show-change.ts";

export function historyCommand(): Command {
  const command = new Command("history")
    .description(
      "Print the changes of a key that the log still contains, oldest first, one per line.",
    )
    .addArgument(keyArgument())
    .option("--json", "print JSON on a terminal, too");
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints what watch prints for the same changes. Exits with 1 where the log has
none.

Examples:
  $ baton history report
  $ baton history report | jq -r '[.revision, .agent, .kind] | @tsv'`,
    )
    .action(async (key: string) => {
      const namespace = namespaceOf(command);
      await using store = await openStore(command);
      let count = 0;
      for await (const change of store.namespace(namespace).history(key)) {
        await print(showChange(change, command.opts<ChangeFormat>()));
        count++;
      }
      if (count > 0) return;
      throw new StartError(
        `The log has no change of ${describeKey(key, namespace)}.`,
        exitCodes.absent,
      );
    });
}
