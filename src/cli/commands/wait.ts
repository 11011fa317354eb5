import { Command } from "commander";
import type { Entry } from "../../client/index.ts";
import { CommandError } from "../terminal/command-error.ts";
import { addConnection, addNamespace, namespaceOf, openStore } from "../flags/connection.ts";
import { parseDurationOrNone } from "../flags/duration.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { addEntryFlags, keyArgument } from "./get.ts";
import { print, showEntry, type EntryFlags } from "../terminal/output.ts";
import { parseRevision } from "./set.ts";

interface Flags extends EntryFlags {
  readonly timeout?: number;
  readonly after?: string;
}

export function waitCommand(): Command {
  const command = new Command("wait")
    .description("Wait until a key is there, and print its value.")
    .addArgument(keyArgument())
    .option(
      "--timeout <duration>",
      "how long at most: 30s, 15m, 12h; without it for ever",
      parseDurationOrNone,
    )
    .option("--after <revision>", "only a later revision of it: the next write", parseRevision);
  addNamespace(addEntryFlags(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Exits with 4 where it did not come in time. The server may go away and come back
meanwhile; only one that can't be reached at the start ends it.

Examples:
  $ baton wait data-ready && ./next-step
  $ baton wait data-ready --timeout 30s || echo "not within 30 s: $?"
  $ revision=$(baton set question '"?"'); baton wait answer --after "$revision"`,
    )
    .action(async (key: string) => {
      const flags = command.opts<Flags>();
      await print(showEntry(await waitFor(command, key, flags), flags));
    });
}

async function waitFor(command: Command, key: string, { timeout, after }: Flags): Promise<Entry> {
  const namespace = namespaceOf(command);
  await using store = await openStore(command);
  try {
    return await store.namespace(namespace).waitFor(key, { after, timeoutMs: timeout });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "TIMEOUT") throw error;
    const place = `${JSON.stringify(key)} in namespace ${JSON.stringify(namespace)}`;
    const what = after === undefined ? "was not there" : `was not set after ${after}`;
    const seconds = (timeout ?? 0) / 1_000;
    throw new CommandError(`${place} ${what} within ${seconds} s.`, exitCodes.timeout);
  }
}
