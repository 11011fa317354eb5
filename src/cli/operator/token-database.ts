import type { Command } from "commander";
import { isLocalToken, saveLocalToken } from "../../auth/local-token.ts";
import { createToken, tokenFault } from "../../auth/token.ts";
import { shellWord } from "../../shell-word.ts";
import { StartError } from "../../start-error.ts";
import { checkAgent, checkNamespacePrefix } from "../../store/model/limits.ts";
import type { Token } from "../../store/model/token.ts";
import { parsePattern, type Scope } from "../../store/model/viewer.ts";
import { configOf } from "../flags/options.ts";
import { confirm, requireTerminal } from "../terminal/confirm.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { table } from "../terminal/table.ts";
import { checkFlags, withDatabase } from "./with-database.ts";

interface CreateFlags {
  readonly user: string;
  readonly agent?: string;
  readonly scope: readonly Scope[];
  readonly namespaces: readonly string[];
  readonly expires?: Date;
  readonly save?: true;
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
    const grant = {
      userId: flags.user,
      agent: flags.agent ?? null,
      scopes: flags.scope,
      namespacePatterns: flags.namespaces,
      expiresAt: flags.expires ?? null,
    };
    if (flags.save) {
      const { tokenId, file } = await saveLocalToken(config.dataDir, database.tokens, grant);
      process.stderr.write(`${tokenId} in ${place}, written to ${file}.\n`);
      return;
    }
    const { token, secret } = createToken(grant, new Date());
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
  const { dataDir } = configOf(command);
  await withDatabase(command, true, async ({ tokens }) => {
    const tokenId = command.args[0] as string;
    const [token] = await tokens.find([tokenId]);
    if (!token) {
      throw new StartError(
        `There is no token ${tokenId}. Name one as the column TOKEN of baton token list does, such as tok_1a2b3c4d5e6f.`,
      );
    }
    const isLocal = await isLocalToken(dataDir, tokens, tokenId);
    if (isLocal && !token.revokedAt) await confirmLocal(command, tokenId);
    await tokens.revoke(tokenId, new Date());
    process.stderr.write(`${tokenId} is revoked.\n`);
    if (isLocal) process.stderr.write(`To make another: ${remakeCommand(command, token)}\n`);
  });
}

/** Asks before the local token is revoked, unless `--yes` was given. */
async function confirmLocal(command: Command, tokenId: string): Promise<void> {
  if (command.opts<{ yes?: true }>().yes) return;
  const warning =
    `${tokenId} is the local token: baton and the link to GraphiQL use it on this machine, ` +
    "and a start of the server does not make another.";
  requireTerminal(warning);
  if (await confirm(`${warning} Revoke it?`)) return;
  throw new StartError("Nothing was revoked.", exitCodes.other);
}

function remakeCommand(command: Command, { userId }: Token): string {
  const isGiven = command.getOptionValueSource("dataDir") !== "default";
  const folder = isGiven ? ` --data-dir ${shellWord(configOf(command).dataDir)}` : "";
  return `baton token create --user ${shellWord(userId)} --save${folder}`;
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
