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
    .description("Create, list and revoke tokens. Works while the server runs.")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

// eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
const loadTokenDatabase = () => import("../operator/token-database.ts");

function createCommand(): Command {
  const command = new Command("create")
    .description("Create a token and print it once. Only its hash is stored.")
    .requiredOption("--user <name>", "owner of the store")
    .option("--agent <name>", "agent name of the token; without it, the caller can choose a name")
    .option(
      "--grant <grant>",
      'scopes (read, write, claim, admin) and the namespaces they are for, such as "read,write files:*"; can be repeated',
      parseGrants,
    )
    .option(
      "--scope <list>",
      "instead of --grant: the scopes in all of --namespaces; write includes claim here (default: read,write; with --save all scopes)",
      parseScopes,
    )
    .option(
      "--namespaces <list>",
      "with --scope: names, or prefixes followed by * (default: *)",
      parsePatterns,
    )
    .option(
      "--expires <duration>",
      "time until the token expires, such as 30d, 12h, 15m or 90s (default: never)",
      parseExpiry,
    )
    .option(
      "--save",
      "write the token to local.token in the data directory, where baton reads it, instead of printing it",
    );
  return addDatabaseOptions(command).action(async () => {
    await (await loadTokenDatabase()).create(command);
  });
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List tokens, oldest first. The secret part of a token is not stored.")
    .option("--user <name>", "only tokens of this user");
  return addDatabaseOptions(command).action(async () => {
    await (await loadTokenDatabase()).list(command);
  });
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description(
      "Revoke a token. Its next operation is refused, and its subscriptions end within seconds.",
    )
    .argument("<token>", "the token's name, as token list shows it")
    .option("-y, --yes", "do not ask for confirmation to revoke the token in local.token");
  return addDatabaseOptions(command).action(async () => {
    await (await loadTokenDatabase()).revoke(command);
  });
}

function parseScopes(text: string): Scope[] {
  const given = text.split(",").map((scope) => scope.trim());
  const unknown = given.find((scope) => !scopes.some((known) => known === scope));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(unknown)} is not a scope. Use one or more of ${scopes.join(", ")}, separated by commas.`,
    );
  }
  return scopes.filter((scope) => given.includes(scope));
}

/** Adds a grant to those of earlier `--grant` options. */
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
      `A token can have at most ${maxGrants} namespaces. Use prefixes followed by *.`,
    );
  }
  const invalid = patterns.find((pattern) => invalidPatternReason(pattern) !== null);
  if (invalid !== undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(invalid)} is not a valid namespace. Use names, or prefixes followed by *, separated by commas, such as pipeline:*,handoff.`,
    );
  }
  return patterns;
}

function parseExpiry(text: string): Date {
  return new Date(Date.now() + parseDuration(text));
}
