import type { Command } from "commander";
import { createToken, tokenFault } from "../../auth/token.ts";
import type { Token } from "../../store/model/token.ts";
import { databaseOf, describePlace } from "../../config.ts";
import { StartError } from "../../start-error.ts";
import { checkAgent, checkNamespacePrefix } from "../../store/model/limits.ts";
import { parsePattern, type Scope } from "../../store/model/viewer.ts";
import { configOf } from "../flags/options.ts";
import { table } from "../terminal/table.ts";
import { asUsage, useDatabase } from "./with-database.ts";

// What `baton token …` does, in a file of its own: the database is loaded for those who use it.

/** What `create` was given. */
interface CreateFlags {
  readonly user: string;
  readonly agent?: string;
  readonly scope: readonly Scope[];
  readonly namespaces: readonly string[];
  readonly expires?: Date;
}

export async function create(command: Command): Promise<void> {
  const config = configOf(command);
  const flags = command.opts<CreateFlags>();
  asUsage(command, () => {
    checkAgent(config, "--user", flags.user);
    if (flags.agent !== undefined) checkAgent(config, "--agent", flags.agent);
    for (const pattern of flags.namespaces) {
      const match = parsePattern(pattern);
      const text = match.kind === "exact" ? match.text : match.prefix;
      checkNamespacePrefix(config, "--namespaces", text);
    }
  });
  // Tokens may be made before the first start.
  await useDatabase(config, false, async (database) => {
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
    const place = describePlace(databaseOf(config));
    process.stderr.write(`${token.tokenId} in ${place}, shown this once:\n`);
    process.stdout.write(`${secret}\n`);
  });
}

const headings = ["TOKEN", "USER", "AGENT", "SCOPES", "NAMESPACES", "CREATED", "EXPIRES", "STATE"];

export async function list(command: Command): Promise<void> {
  await useDatabase(configOf(command), true, async (database) => {
    const tokens = await database.tokens.list(command.opts<{ user?: string }>().user ?? null);
    process.stdout.write(table([headings, ...tokens.map(tokenRow)]));
  });
}

export async function revoke(command: Command): Promise<void> {
  await useDatabase(configOf(command), true, async (database) => {
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
