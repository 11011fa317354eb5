import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { DataStore } from "../../client/index.ts";
import { options } from "../../config.ts";
import { CommandError } from "../terminal/command-error.ts";
import { completes } from "../completion/completes.ts";
import { parseDurationOrNone } from "./duration.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { wrong } from "../terminal/input.ts";

const defaultUrl = "http://127.0.0.1:4000";
const defaultNamespace = "default";

/** How a command reaches the server, as its flags and the environment say. */
interface ConnectionFlags {
  readonly url: string;
  readonly token?: string;
  readonly agent: string;
  readonly dataDir: string;
  readonly retryFor: number;
}

/** Adds what every command takes that speaks to a running server. */
export function addConnection(command: Command): Command {
  const group = "Connection:";
  const all = [
    new Option("--url <url>", "address of the server").env("BATON_URL").default(defaultUrl),
    new Option(
      "--token <token>",
      "who you are; prefer the variable, since others on this machine may see a command's arguments",
    ).env("BATON_TOKEN"),
    completes(
      "files",
      new Option(
        `--${options.dataDir.flag} <path>`,
        "the server's data directory: where no token is given, its local.token is used",
      )
        .env(options.dataDir.env)
        .default(options.dataDir.default),
    ),
    new Option(
      "--agent <name>",
      "the name that changes are recorded under, unless the token has one",
    )
      .env("BATON_AGENT")
      .default("cli")
      .argParser(parseAgent),
    new Option(
      "--retry-for <duration>",
      "how long to try again while the server can't be reached, such as 30s",
    )
      .env("BATON_RETRY_FOR")
      .default(0, "not at all")
      .argParser(parseDurationOrNone),
  ];
  for (const option of all) command.addOption(option.helpGroup(group));
  return command;
}

/** Adds `--namespace`. */
export function addNamespace(command: Command): Command {
  return command.addOption(
    completes(
      "namespaces",
      new Option("-n, --namespace <name>", "the group of keys")
        .env("BATON_NAMESPACE")
        .default(defaultNamespace),
    ),
  );
}

/** The namespace of a command; empty, as a variable often is, means unset. */
export function namespaceOf(command: Command): string {
  return command.opts<{ namespace: string }>().namespace || defaultNamespace;
}

/**
 * The store that a command's flags, its environment or the data directory lead to.
 * @param retryForMs otherwise as `--retry-for` says
 * @throws CommandError where there is no token
 */
export async function openStore(command: Command, retryForMs?: number): Promise<DataStore> {
  const flags = command.opts<ConnectionFlags>();
  const isDataDirNamed = command.getOptionValueSource("dataDir") !== "default";
  const url = checkUrl(flags.url || defaultUrl);
  const token = checkToken(flags.token ?? "") || (await localToken(flags, url, isDataDirNamed));
  // eslint-disable-next-line no-restricted-imports -- it means imports at the top.
  const { createDataStore } = await import("../../client/index.ts");
  return createDataStore({
    url,
    token,
    agent: flags.agent || "cli",
    retryForMs: retryForMs ?? flags.retryFor,
    // A write that is sent once needs no record of its answer at the server.
    retryWrites: flags.retryFor > 0,
  });
}

async function localToken(
  { dataDir }: ConnectionFlags,
  url: string,
  isDataDirNamed: boolean,
): Promise<string> {
  const file = resolve(dataDir || options.dataDir.default, "local.token");
  // The token of a server on this machine is nothing to show another one, unless its caller says so.
  if (!isDataDirNamed && !isThisMachine(url)) {
    throw noToken(
      `BATON_TOKEN is not set, and ${file} is not sent to another machine unless --data-dir names its folder.`,
    );
  }
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "is not there" : `can't be read (${error.code})`;
    throw noToken(
      `BATON_TOKEN is not set, and ${file} ${why}. Set BATON_TOKEN, or name the server's data directory with --data-dir (BATON_DATA_DIR).`,
    );
  });
  const token = text.trim();
  if (isSendable(token)) return token;
  throw noToken(`BATON_TOKEN is not set, and ${file} has no token in it.`);
}

function noToken(why: string): CommandError {
  return new CommandError(`There is no token: ${why}`, exitCodes.denied);
}

function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

// Both may carry secrets, and commander repeats a value that it finds wrong.

function checkUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw wrong("--url (BATON_URL) must be an address such as http://127.0.0.1:4000.");
  }
  const { username, password } = new URL(text);
  if (!username && !password) return text;
  throw wrong("--url (BATON_URL) has no user and password: the token says who you are.");
}

function checkToken(text: string): string {
  const token = text.trim();
  if (token === "" || isSendable(token)) return token;
  throw wrong("--token (BATON_TOKEN) is no token: one has visible ASCII characters alone.");
}

/** What a header can carry as a token. */
function isSendable(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

function parseAgent(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError("A name has no control characters.");
}
