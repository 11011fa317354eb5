import { Command } from "commander";
import type { Entry } from "../../client/index.ts";
import { StartError } from "../../start-error.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { parseDurationOrZero } from "../flags/duration.ts";
import { addEntryFormat } from "../flags/format.ts";
import { describeKey, keyArgument } from "../flags/key.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { parseRevision } from "../flags/revision.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";
import { showEntry, type EntryFormat } from "../terminal/show-entry.ts";

interface Flags extends EntryFormat {
  readonly timeout?: number;
  readonly after?: string;
}

export function waitCommand(): Command {
  const command = new Command("wait")
    .description("Wait until a key exists, and print its value.")
    .addArgument(keyArgument())
    .option(
      "--timeout <duration>",
      "maximum time to wait: 30s, 15m, 12h (default: no limit)",
      parseDurationOrZero,
    )
    .option(
      "--after <revision>",
      "wait for a revision later than this: the next write",
      parseRevision,
    );
  addNamespace(addEntryFormat(command));
  return addConnection(command)
    .addHelpText(
      "after",
      `
Exits with 4 if the entry does not arrive in time. If the server stops while the
command waits, it reconnects. It fails only if it cannot reach the server at the
start.

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
    const what = after === undefined ? "did not exist" : `was not set after ${after}`;
    const seconds = (timeout ?? 0) / 1_000;
    throw new StartError(
      `${describeKey(key, namespace)} ${what} within ${seconds} s.`,
      exitCodes.timeout,
    );
  }
}
