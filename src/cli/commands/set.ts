import { Argument, Command, Option } from "commander";
import type { DataStore } from "../../client/index.ts";
import { JsonText } from "../../json/json-text.ts";
import { membersAt } from "../../json/value-parts.ts";
import { openStore } from "../connection/open-store.ts";
import { completes } from "../flags/completes.ts";
import { addConnection } from "../flags/connection.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { ifRevisionOption } from "../flags/revision.ts";
import { addFileFlag, addStringFlag, readValue, type ValueFlags } from "../flags/value.ts";
import { addReplacingFlags, writeOptionsOf, type WriteFlags } from "../flags/write.ts";
import { isJsonObject } from "../terminal/input.ts";
import { jsonLine, print } from "../terminal/output.ts";
import { usageError } from "../terminal/usage-error.ts";

interface Flags extends ValueFlags, WriteFlags {
  readonly many?: true;
  readonly ifAbsent?: true;
}

export function setCommand(): Command {
  const command = new Command("set")
    .usage("[options] <key> [value]\n       baton set --many [options]")
    .description("Set a key to a value, and print the new revision.")
    .addArgument(completes("keys", new Argument("[key]", "the key")))
    .argument("[value]", "the value as JSON; - or no value: from standard input");
  addFileFlag(addStringFlag(command)).addOption(
    new Option("--many", "the value is an object; set all of its members in one step").conflicts([
      "string",
      "ifRevision",
      "ifAbsent",
    ]),
  );
  addReplacingFlags(command)
    .addOption(ifRevisionOption().conflicts("ifAbsent"))
    .option("--if-absent", "only if the entry does not exist");
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Exits with 3 if --if-revision or --if-absent does not hold.

Examples:
  $ baton set report '{"rows": 1200}'
  $ baton set notes --string --file notes.md
  $ jq '.rows += 1' report.json | baton set report
  $ baton set lock --string "$HOSTNAME" --if-absent --ttl 15m || exit
  $ baton set --many --file jobs.json        {"job-1": …, "job-2": …}`,
    )
    .action(async (key: string | undefined, value: string | undefined) => {
      const flags = command.opts<Flags>();
      if (flags.many && key !== undefined)
        throw usageError("--many does not accept a key: the object contains the keys.");
      if (!flags.many && key === undefined) throw usageError("Name a key, or use --many.");
      const parsed = await readValue(value, flags);
      await using store = await openStore(command);
      await print(await write(store, namespaceOf(command), key, parsed, flags));
    });
}

async function write(
  store: DataStore,
  namespace: string,
  key: string | undefined,
  value: unknown,
  { ifAbsent, ...flags }: Flags,
): Promise<string> {
  const { ifRevision, ...options } = writeOptionsOf(flags);
  const entries = store.namespace(namespace);
  if (key !== undefined) {
    const condition = ifAbsent ? "0" : ifRevision;
    return `${await entries.set(key, value, { ...options, ifRevision: condition })}\n`;
  }
  if (!isJsonObject(value)) throw usageError("The value of --many must be an object.");
  return jsonLine(await entries.setMany(membersOf(value), options));
}

function membersOf({ text }: JsonText): Record<string, JsonText> {
  const members: [string, JsonText][] = [];
  for (const { name, begin, end } of membersAt(text, 0)) {
    members.push([name, new JsonText(text.slice(begin, end))]);
  }
  return Object.fromEntries(members);
}
