import { Command } from "commander";
import { completeClaim } from "../connection/complete-claim.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { keyArgument } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { addFileFlag, addStringFlag, readValue, type ValueFlags } from "../flags/value.ts";
import { addChangingFlags, writeOptionsOf, type WriteFlags } from "../flags/write.ts";
import { print } from "../terminal/output.ts";

interface Flags extends ValueFlags, WriteFlags {
  readonly claim: string;
}

export function completeCommand(): Command {
  const command = new Command("complete")
    .description("Complete a claim, and print the new revision.")
    .addArgument(keyArgument())
    .argument(
      "[value]",
      "the result as JSON; - reads standard input; without it the value is unchanged",
    )
    .requiredOption("--claim <token>", "the token that baton claim printed");
  addChangingFlags(addFileFlag(addStringFlag(command)));
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
The result replaces the value, and the entry is not handed out again. Exits with
3 if the claim has ended; then nothing is written.

Examples:
  $ baton complete -n work task:1 '{"words": 1200}' --claim "$token"
  $ ./work | baton complete -n work task:1 - --claim "$token"`,
    )
    .action(async (key: string, value: string | undefined) => {
      const flags = command.opts<Flags>();
      const hasResult = value !== undefined || flags.file !== undefined;
      const place = { namespace: namespaceOf(command), key, token: flags.claim };
      const input = {
        ...place,
        ...(hasResult ? { value: await readValue(value, flags) } : {}),
        ...writeOptionsOf(flags),
      };
      await using store = await openStore(command);
      await print(`${await completeClaim(store, input)}\n`);
    });
}
