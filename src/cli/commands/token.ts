import { Command, InvalidArgumentError } from "commander";
import {
  maxGrants,
  parseGrant,
  invalidPatternReason,
  scopes,
  type Grant,
  type Scope,
} from "../../store/model/grant.ts";
import { parseDuration } from "../flags/duration.ts";
import { addDatabaseOptions } from "../flags/options.ts";

/** `baton token …` works on the database directly, whether or not a server runs. */
export function tokenCommand(): Command {
  return new Command("token")
    .description("Make, list and revoke the tokens that callers show. Works while the server runs.")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

// eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
const loadTokenDatabase = () => import("../operator/token-database.ts");

function createCommand(): Command {
  const command = new Command("create")
    .description("Make a token and print it, once: only its hash is kept.")
    .requiredOption("--user <name>", "owner of the store that it reaches")
    .option("--agent <name>", "the agent its bearer speaks as; without it the bearer may say")
    .option(
      "--grant <grant>",
      'scopes (read, write, claim, admin) and the namespaces they are for, such as "read,write files:*"; may be given several times',
      parseGrants,
    )
    .option(
      "--scope <list>",
      "in place of --grant: what it may do in all of --namespaces; write includes claim here (default: read,write; with --save all of them)",
      parseScopes,
    )
    .option(
      "--namespaces <list>",
      "with --scope: names, or prefixes followed by * (default: *)",
      parsePatterns,
    )
    .option(
      "--expires <duration>",
      "when it stops to count, such as 30d, 12h, 15m or 90s; without it never",
      parseExpiry,
    )
    .option(
      "--save",
      "write it to local.token of the data directory, where baton looks for it, and do not print it",
    );
  return addDatabaseOptions(command).action(async () => {
    await (await loadTokenDatabase()).create(command);
  });
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List tokens, oldest first; the tokens themselves are not kept.")
    .option("--user <name>", "only of this user");
  return addDatabaseOptions(command).action(async () => {
    await (await loadTokenDatabase()).list(command);
  });
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description(
      "Revoke a token: its next operation is refused, its subscriptions end within seconds.",
    )
    .argument("<token>", "its name, as token list shows it")
    .option("-y, --yes", "do not ask before the token in local.token is revoked");
  return addDatabaseOptions(command).action(async () => {
    await (await loadTokenDatabase()).revoke(command);
  });
}

function parseScopes(text: string): Scope[] {
  const given = text.split(",").map((scope) => scope.trim());
  const unknown = given.find((scope) => !scopes.some((known) => known === scope));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `There is no scope ${JSON.stringify(unknown)}; use ${scopes.join(", ")}, or several with commas between them.`,
    );
  }
  return scopes.filter((scope) => given.includes(scope));
}

/** Adds one more grant to those that were given before. */
function parseGrants(text: string, before: readonly Grant[] = []): Grant[] {
  try {
    return [...before, parseGrant(text.trim().replace(/ +/, " "))];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function parsePatterns(text: string): string[] {
  const patterns = text.split(",").map((pattern) => pattern.trim());
  if (patterns.length > maxGrants) {
    throw new InvalidArgumentError(
      `A token may have ${maxGrants} of them; use prefixes followed by *.`,
    );
  }
  const invalid = patterns.find((pattern) => invalidPatternReason(pattern) !== null);
  if (invalid !== undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(invalid)} is no namespace; use names or prefixes followed by *, separated by commas, such as pipeline:*,handoff.`,
    );
  }
  return patterns;
}

function parseExpiry(text: string): Date {
  return new Date(Date.now() + parseDuration(text));
}
