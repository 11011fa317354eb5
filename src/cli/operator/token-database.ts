import type { Command } from "commander";
import { createToken, tokenFault } from "../../auth/token.ts";
import { StartError } from "../../start-error.ts";
import { checkAgent, checkNamespacePrefix } from "../../store/model/limits.ts";
import type { Token } from "../../store/model/token.ts";
import { parsePattern, type Scope } from "../../store/model/viewer.ts";
import { configOf } from "../flags/options.ts";
import { table } from "../terminal/table.ts";
import { checkFlags, withDatabase } from "./with-database.ts";

interface CreateFlags {
  readonly user: string;
  readonly agent?: string;
  readonly scope: readonly Scope[];
  readonly namespaces: readonly string[];
  readonly expires?: Date;
}

/** Runs `baton token create`. */
export async function create(command: Command): Promise<void> {
  const config = configOf(command);
  const flags = command.opts<CreateFlags>();
  checkFlags(command, () => {
    checkAgent(config, "--user", flags.user);
    if (flags.agent !== undefined) checkAgent(config, "--agent", flags.agent);
    for (const pattern of flags.namespaces) {
      const match = parsePattern(pattern);
      const text = match.kind === "exact" ? match.text : match.prefix;
      checkNamespacePrefix(config, "--namespaces", text);
    }
  });
  // Tokens may be created before the server's first start.
  await withDatabase(command, false, async (database, place) => {
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
    process.stderr.write(`${token.tokenId} in ${place}, shown this once:\n`);
    process.stdout.write(`${secret}\n`);
  });
}

const headings = ["TOKEN", "USER", "AGENT", "SCOPES", "NAMESPACES", "CREATED", "EXPIRES", "STATE"];

/** Runs `baton token list`. */
export async function list(command: Command): Promise<void> {
  await withDatabase(command, true, async (database) => {
    const tokens = await database.tokens.list(command.opts<{ user?: string }>().user ?? null);
    process.stdout.write(table([headings, ...tokens.map(tokenRow)]));
  });
}

/** Runs `baton token revoke`. */
export async function revoke(command: Command): Promise<void> {
  await withDatabase(command, true, async (database) => {
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
