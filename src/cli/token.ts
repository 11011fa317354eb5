import { Command, InvalidArgumentError } from "commander";
import { createToken, tokenFault, type Token } from "../auth/token.ts";
import { databaseOf, describePlace } from "../config.ts";
import { StartError } from "../start-error.ts";
import { checkAgent, checkNamespacePrefix } from "../store/limits.ts";
import { parsePattern, scopes, type Scope } from "../store/viewer.ts";
import { asUsage, withDatabase } from "./with-database.ts";

/** `baton token …`: works on the database itself, so it works while the server runs, and while it does not. */
export function tokenCommand(): Command {
  return new Command("token")
    .description("Make, list and revoke the tokens that callers show. Works while the server runs.")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

interface CreateFlags {
  user: string;
  agent?: string;
  scope: Scope[];
  namespaces: string[];
  expires?: Date;
}

function createCommand(): Command {
  const command = new Command("create")
    .description("Make a token and print it, once: only its hash is kept.")
    .requiredOption("--user <name>", "owner of the store that it reaches")
    .option("--agent <name>", "the agent its bearer speaks as; without it the bearer may say")
    .option(
      "--scope <list>",
      "what it may do: read, write or read,write (the default)",
      parseScopes,
      [...scopes],
    )
    .option(
      "--namespaces <list>",
      "namespaces it covers: names, or prefixes followed by *",
      parsePatterns,
      ["*"],
    )
    .option(
      "--expires <duration>",
      "when it stops to count, such as 30d, 12h, 15m or 90s; without it never",
      parseExpiry,
    )
    .allowExcessArguments(false);
  return withDatabase(
    command,
    async (database, config) => {
      const flags = command.opts<CreateFlags>();
      asUsage(command, () => {
        checkAgent(config, "--user", flags.user);
        if (flags.agent !== undefined) checkAgent(config, "--agent", flags.agent);
        for (const pattern of flags.namespaces) {
          const match = parsePattern(pattern);
          checkNamespacePrefix(
            config,
            "--namespaces",
            match.kind === "exact" ? match.text : match.prefix,
          );
        }
      });
      const { token, secret } = createToken(
        {
          userId: flags.user,
          agent: flags.agent ?? null,
          scopes: flags.scope,
          namespacePatterns: flags.namespaces,
          expiresAt: flags.expires ?? null,
        },
        new Date(),
      );
      await database.tokens.insert(token);
      process.stderr.write(
        `${token.tokenId} in ${describePlace(databaseOf(config))}, shown this once:\n`,
      );
      process.stdout.write(`${secret}\n`);
    },
    // Tokens may be made before the first start.
    false,
  );
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List tokens, oldest first; the tokens themselves are not kept.")
    .option("--user <name>", "only of this user")
    .allowExcessArguments(false);
  return withDatabase(command, async (database) => {
    const tokens = await database.tokens.list(command.opts<{ user?: string }>().user ?? null);
    const header = [
      "TOKEN",
      "USER",
      "AGENT",
      "SCOPES",
      "NAMESPACES",
      "CREATED",
      "EXPIRES",
      "STATE",
    ];
    process.stdout.write(table([header, ...tokens.map(tokenRow)]));
  });
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description(
      "Revoke a token: its next operation is refused, its subscriptions end within seconds.",
    )
    .argument("<token>", "its name, as token list shows it")
    .allowExcessArguments(false);
  return withDatabase(command, async (database) => {
    const tokenId = command.args[0] as string;
    if (!(await database.tokens.revoke(tokenId, new Date()))) {
      throw new StartError(`There is no token ${tokenId}. See: baton token list`);
    }
    process.stderr.write(`${tokenId} is revoked.\n`);
  });
}

function tokenRow(token: Token): string[] {
  const fault = tokenFault(token, new Date());
  return [
    token.tokenId,
    token.userId,
    token.agent ?? "-",
    token.scopes.join(","),
    token.namespacePatterns.join(","),
    token.createdAt.toISOString(),
    token.expiresAt?.toISOString() ?? "-",
    fault === null ? "valid" : token.revokedAt ? "revoked" : "expired",
  ];
}

function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function parseScopes(text: string): Scope[] {
  const given = text.split(",").map((scope) => scope.trim());
  const unknown = given.find((scope) => !scopes.some((known) => known === scope));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `There is no scope ${JSON.stringify(unknown)}; use read, write or read,write.`,
    );
  }
  return scopes.filter((scope) => given.includes(scope));
}

const maxPatterns = 100;

function parsePatterns(text: string): string[] {
  const patterns = text.split(",").map((pattern) => pattern.trim());
  if (patterns.length > maxPatterns) {
    throw new InvalidArgumentError(
      `A token may have ${maxPatterns} of them; use prefixes followed by *.`,
    );
  }
  const wrong = patterns.find((pattern) => pattern === "" || pattern.slice(0, -1).includes("*"));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(wrong)} is no namespace; use names or prefixes followed by *, separated by commas, such as pipeline:*,handoff.`,
    );
  }
  return patterns;
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseExpiry(text: string): Date {
  const [, count, unit] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new InvalidArgumentError("It must be a whole number and a unit: 30d, 12h, 15m or 90s.");
  }
  return new Date(Date.now() + Number(count) * unitMs[unit as keyof typeof unitMs]);
}
