import { Command, Option } from "commander";
import type { Claim, ValueCondition } from "../../client/index.ts";
import { StartError } from "../../start-error.ts";
import { openStore } from "../connection/open-store.ts";
import { addConnection } from "../flags/connection.ts";
import { parseDuration, parseDurationOrZero } from "../flags/duration.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { keyPrefixOption } from "../flags/prefix.ts";
import { whereOption } from "../flags/where.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { jsonLine, print } from "../terminal/output.ts";

interface Flags {
  readonly prefix?: string;
  /** In milliseconds. */
  readonly lease: number;
  /** In milliseconds. */
  readonly wait: number;
  readonly where?: ValueCondition[];
}

export function claimCommand(): Command {
  const command = new Command("claim")
    .description(
      "Claim the next free entry, so that no other worker receives it, and print the claim.",
    )
    .addOption(keyPrefixOption())
    .addOption(whereOption())
    .addOption(
      new Option("--lease <duration>", "length of the lease: 30s, 15m, 1h")
        .default(60_000, "60s")
        .argParser(parseDuration),
    )
    .addOption(
      new Option("--wait <duration>", "how long to wait for a free entry: 30s, 15m, 12h")
        .default(0, "0")
        .argParser(parseDurationOrZero),
    );
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Prints one JSON object: the claim's token, which complete needs, the attempt,
and the entry. The lease is not renewed: choose one that is longer than the
work. When the lease ends, the entry is free again. Exits with 1 if no entry is
free, and with 4 if none became free within --wait.

Examples:
  $ baton claim -n work -p task: --wait 30s
  $ baton claim -n work --where '/kind = "image"'
  $ task=$(baton claim -n work -p task: --lease 15m) || exit
  $ key=$(echo "$task" | jq -r .entry.key)
  $ echo "$task" | jq .entry.value | ./work |
      baton complete -n work "$key" - --claim "$(echo "$task" | jq -r .token)"`,
    )
    .action(async () => {
      const claim = await claimOne(command);
      const { token, attempt, entry } = claim;
      await print(jsonLine({ token, attempt, entry }));
    });
}

async function claimOne(command: Command): Promise<Claim> {
  const { prefix, lease, wait, where: conditions } = command.opts<Flags>();
  const namespace = namespaceOf(command);
  // When the store closes, the lease is no longer renewed. The claim is not released.
  await using store = await openStore(command);
  const claim = await store
    .namespace(namespace)
    .claim({ keyPrefix: prefix, where: conditions, leaseSeconds: lease / 1_000, waitMs: wait });
  if (claim) return claim;
  const where = `in namespace ${JSON.stringify(namespace)}`;
  const which = prefix === undefined ? "" : ` whose key begins with ${JSON.stringify(prefix)}`;
  throw wait === 0
    ? new StartError(`No entry ${where}${which} is free.`, exitCodes.absent)
    : new StartError(
        `No entry ${where}${which} became free within ${wait / 1_000} s.`,
        exitCodes.timeout,
      );
}
