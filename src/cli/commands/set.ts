import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { DataStore } from "../../client/index.ts";
import { JsonText } from "../../json/json-text.ts";
import { membersAt } from "../../json/value-parts.ts";
import { openStore } from "../connection/open-store.ts";
import { completes } from "../flags/completes.ts";
import { addConnection } from "../flags/connection.ts";
import { parseDuration, unitMs } from "../flags/duration.ts";
import { addNamespace, namespaceOf } from "../flags/namespace.ts";
import { ifRevisionOption } from "../flags/revision.ts";
import { parseJson, readText } from "../terminal/input.ts";
import { jsonLine, print } from "../terminal/output.ts";
import { usageError } from "../terminal/usage-error.ts";

interface Flags {
  readonly string?: true;
  readonly file?: string;
  readonly many?: true;
  readonly metadata?: Record<string, unknown>;
  readonly ttl?: number;
  readonly ifRevision?: string;
  readonly ifAbsent?: true;
}

export function setCommand(): Command {
  const command = new Command("set")
    .usage("[options] <key> [value]\n       baton set --many [options]")
    .description("Set a key to a value, and print the revision of that.")
    .addArgument(completes("keys", new Argument("[key]", "its key")))
    .argument("[value]", "JSON; - or left out: from standard input")
    .option("-s, --string", "the value is a text and not JSON")
    .addOption(completes("files", new Option("-f, --file <path>", "the value is in this file")))
    .addOption(
      new Option(
        "--many",
        "the value is an object: set each of its members, all or none",
      ).conflicts(["string", "ifRevision", "ifAbsent"]),
    )
    .option("--metadata <json>", "an object to merge into the metadata", parseMetadata)
    .option("--ttl <duration>", "how long it lives: 30d, 12h, 15m or 90s", parseTtl)
    .addOption(ifRevisionOption().conflicts("ifAbsent"))
    .option("--if-absent", "only if there is no such entry");
  addNamespace(command);
  return addConnection(command)
    .addHelpText(
      "after",
      `
Exits with 3 where --if-revision or --if-absent does not hold.

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
        throw usageError("--many takes no key: the object has them.");
      if (!flags.many && key === undefined) throw usageError("Say which key, or --many.");
      const text = await valueText(value, flags);
      const parsed = flags.string ? text : parseJson("The value", text, stringHint(value));
      await using store = await openStore(command);
      await print(await write(store, namespaceOf(command), key, parsed, flags));
    });
}

async function valueText(value: string | undefined, { file }: Flags): Promise<string> {
  if (value !== undefined && value !== "-") {
    if (file !== undefined) throw usageError("Give the value or --file, not both.");
    return value;
  }
  if (file !== undefined) return readText(file);
  if (value === undefined && process.stdin.isTTY) {
    throw usageError(
      "There is no value. Write it behind the key, pipe it in, or say - to type it.",
    );
  }
  return readText();
}

async function write(
  store: DataStore,
  namespace: string,
  key: string | undefined,
  value: unknown,
  { metadata, ttl, ifRevision, ifAbsent }: Flags,
): Promise<string> {
  const options = { metadata, ttlSeconds: ttl === undefined ? undefined : ttl / 1_000 };
  const entries = store.namespace(namespace);
  if (key !== undefined) {
    const condition = ifAbsent ? "0" : ifRevision;
    return `${await entries.set(key, value, { ...options, ifRevision: condition })}\n`;
  }
  if (!isObject(value)) throw usageError("The value of --many must be an object.");
  return jsonLine(await entries.setMany(membersOf(value), options));
}

/** The API takes seconds as a signed 32-bit integer. */
const maxTtlMs = (2 ** 31 - 1) * 1_000;

function parseTtl(text: string): number {
  const ttlMs = parseDuration(text);
  if (ttlMs <= maxTtlMs) return ttlMs;
  const most = Math.floor(maxTtlMs / unitMs.d);
  throw new InvalidArgumentError(`It may be ${most}d at most; for longer leave it out.`);
}

function parseMetadata(text: string): Record<string, unknown> {
  const metadata = parseJson("--metadata", text);
  // The client takes any object, and its codec writes this one as its text.
  if (isObject(metadata)) return metadata as object as Record<string, unknown>;
  throw usageError("--metadata must be an object.");
}

function isObject(value: unknown): value is JsonText {
  return value instanceof JsonText && value.text.startsWith("{");
}

function membersOf({ text }: JsonText): Record<string, JsonText> {
  const members: [string, JsonText][] = [];
  for (const { name, begin, end } of membersAt(text, 0)) {
    members.push([name, new JsonText(text.slice(begin, end))]);
  }
  return Object.fromEntries(members);
}

/** A bare word on the command line is most likely meant as a string. */
function stringHint(value: string | undefined): string {
  return value === undefined || value === "-" ? "" : " A text goes with --string.";
}
