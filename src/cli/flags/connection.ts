import { InvalidArgumentError, Option, type Command } from "commander";
import { options } from "../../options.ts";
import { usageError } from "../terminal/usage-error.ts";
import { completes } from "./completes.ts";
import { parseDurationOrZero } from "./duration.ts";

const defaultUrl = "http://127.0.0.1:4000";
const defaultAgent = "cli";

/** How a command reaches a running server. */
export interface Connection {
  readonly url: string;
  /** `""` if none is given. */
  readonly token: string;
  /** What messages call the token. */
  readonly tokenName: string;
  readonly agent: string;
  /** Whether the agent was given, and is not the default. */
  readonly isAgentGiven: boolean;
  readonly dataDir: string;
  /** Whether the data directory was given, and is not the default. */
  readonly isDataDirGiven: boolean;
  readonly retryForMs: number;
}

/**
 * Adds the flags of a command that calls a running server.
 * @param unnamed whose name is recorded if no agent is named
 */
export function addConnection(command: Command, unnamed?: string): Command {
  const group = "Connection:";
  const all = [
    new Option("--url <url>", "address of the server").env("BATON_URL").default(defaultUrl),
    new Option(
      "--token <token>",
      "the access token; prefer the variable, because other users of this machine can see a command's arguments",
    ).env("BATON_TOKEN"),
    completes(
      "files",
      new Option(
        `--${options.dataDir.flag} <path>`,
        "the server's data directory; without --token, its local.token is used",
      )
        .env(options.dataDir.env)
        .default(options.dataDir.default),
    ),
    new Option(
      "--agent <name>",
      "the agent name that changes are recorded under, unless the token names one",
    )
      .env("BATON_AGENT")
      .default(defaultAgent, unnamed)
      .argParser(parseAgent),
    new Option(
      "--retry-for <duration>",
      "how long to retry while the server is unreachable, such as 30s",
    )
      .env("BATON_RETRY_FOR")
      .default(0, "0")
      .argParser(parseDurationOrZero),
  ];
  for (const option of all) command.addOption(option.helpGroup(group));
  return command;
}

/**
 * The values of the flags that `addConnection` adds. Empty values are unset.
 * @throws StartError (usage) when the URL or the token is not valid
 */
export function connectionOf(command: Command): Connection {
  const { url, token, agent, dataDir, retryFor } = command.opts<{
    readonly url: string;
    readonly token?: string;
    readonly agent: string;
    readonly dataDir: string;
    readonly retryFor: number;
  }>();
  return {
    url: checkUrl(url || defaultUrl),
    token: checkToken(token ?? ""),
    tokenName: `The token of ${command.getOptionValueSource("token") === "env" ? "BATON_TOKEN" : "--token"}`,
    agent: agent || defaultAgent,
    isAgentGiven: agent !== "" && command.getOptionValueSource("agent") !== "default",
    dataDir: dataDir || options.dataDir.default,
    isDataDirGiven: command.getOptionValueSource("dataDir") !== "default",
    retryForMs: retryFor,
  };
}

/** Whether an HTTP header can carry the text as a token. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

// The URL and the token can contain secrets. Commander would repeat a wrong value in its message, so they are checked
// here.

function checkUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw usageError("--url (BATON_URL) must be a URL such as http://127.0.0.1:4000.");
  }
  const { username, password } = new URL(text);
  if (!username && !password) return text;
  throw usageError("--url (BATON_URL) must not contain a user name or password. Use --token.");
}

function checkToken(text: string): string {
  const token = text.trim();
  if (token === "" || isToken(token)) return token;
  throw usageError(
    "--token (BATON_TOKEN) is not a valid token: a token has only visible ASCII characters.",
  );
}

function parseAgent(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError("A name cannot contain control characters.");
}
