import { hostname, userInfo } from "node:os";
import type { Command } from "commander";
import pino from "pino";
import { AuditLog } from "../../auth/audit-log.ts";
import { isLocalToken, saveLocalToken } from "../../auth/local-token.ts";
import { createToken, invalidReason } from "../../auth/token.ts";
import { badUserInput } from "../../errors.ts";
import { remakeToken } from "../../remake-token.ts";
import { StartError } from "../../start-error.ts";
import { checkAgent, checkUser } from "../../store/model/limits.ts";
import {
  checkGrants,
  formatGrant,
  grantsOf,
  scopes,
  type Grant,
  type Scope,
} from "../../store/model/grant.ts";
import type { Token } from "../../store/model/token.ts";
import { configOf } from "../flags/options.ts";
import { confirm, requireTerminal } from "../terminal/confirm.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { table } from "../terminal/table.ts";
import { checkFlags, withDatabase } from "./with-database.ts";

interface CreateFlags {
  readonly user: string;
  readonly agent?: string;
  readonly grant?: readonly Grant[];
  readonly scope?: readonly Scope[];
  readonly namespaces?: readonly string[];
  readonly expires?: Date;
  readonly save?: true;
}

/** Runs `baton token create`. */
export async function create(command: Command): Promise<void> {
  const config = configOf(command);
  const flags = command.opts<CreateFlags>();
  // The operator's saved token has all scopes, like the token of the first start.
  const { scope = flags.save ? scopes : ["read", "write"], namespaces = ["*"] } = flags;
  const grants = flags.grant ?? grantsOf(scope, namespaces);
  checkFlags(command, () => {
    checkUser(config, "--user", flags.user);
    if (flags.agent !== undefined) checkAgent(config, "--agent", flags.agent);
    if (flags.grant && (flags.scope || flags.namespaces)) {
      throw badUserInput("--grant", "Use either --grant, or --scope and --namespaces.");
    }
    checkGrants(config, flags.grant ? "--grant" : "--namespaces", grants);
  });
  // The server creates its database: a new one here would be for a wrong data directory.
  await withDatabase(command, true, async (database, place) => {
    const input = {
      userId: flags.user,
      agent: flags.agent ?? null,
      grants,
      expiresAt: flags.expires ?? null,
    };
    if (flags.save) {
      const { token, file } = await saveLocalToken(config.dataDir, database.tokens, input);
      audit("token.created", token);
      process.stderr.write(`${token.tokenId} in ${place}, written to ${file}.\n`);
      return;
    }
    const { token, secret } = createToken(input, new Date());
    await database.tokens.insert(token);
    audit("token.created", token);
    process.stderr.write(`${token.tokenId} in ${place}, shown only once:\n`);
    process.stdout.write(`${secret}\n`);
  });
}

const headings = ["TOKEN", "USER", "AGENT", "GRANTS", "CREATED", "EXPIRES", "STATE"];

/** Runs `baton token list`. */
export async function list(command: Command): Promise<void> {
  await withDatabase(command, true, async (database) => {
    const tokens = await database.tokens.list(command.opts<{ user?: string }>().user ?? null);
    process.stdout.write(table([headings, ...tokens.map(tokenRow)]));
  });
}

/** Runs `baton token revoke`. */
export async function revoke(command: Command): Promise<void> {
  const config = configOf(command);
  await withDatabase(command, true, async ({ tokens }) => {
    const tokenId = command.args[0] as string;
    const [token] = await tokens.find([tokenId]);
    if (!token) {
      throw new StartError(
        `Token ${tokenId} does not exist. Use a name from the column TOKEN of baton token list, such as tok_1a2b3c4d5e6f.`,
      );
    }
    const isLocal = await isLocalToken(config.dataDir, tokens, tokenId);
    if (isLocal && !token.revokedAt) await confirmLocal(command, tokenId);
    await tokens.revoke(tokenId, new Date());
    if (!token.revokedAt) audit("token.revoked", token);
    process.stderr.write(`${tokenId} is revoked.\n`);
    if (isLocal) process.stderr.write(`To create another${remakeToken(config, token.userId)}\n`);
  });
}

/**
 * Writes the line that the server's log has for such a change to standard error. The server is another process, so its log
 * does not have it.
 */
function audit(change: "token.created" | "token.revoked", token: Token): void {
  const logger = pino(
    { base: { account: accountName(), host: hostname() } },
    { write: (line: string) => void process.stderr.write(line) },
  );
  new AuditLog(logger).changed(change, { userId: token.userId, agent: null, by: "cli" }, token);
}

/** The account of the operating system that runs the command. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user of a container can have a number and no name.
    return String(process.getuid?.() ?? "");
  }
}

/** Asks before the local token is revoked, unless `--yes` was given. */
async function confirmLocal(command: Command, tokenId: string): Promise<void> {
  if (command.opts<{ yes?: true }>().yes) return;
  const warning =
    `${tokenId} is the local token: baton and the link to GraphiQL use it on this machine, ` +
    "and a restart of the server does not create another.";
  requireTerminal(warning);
  if (await confirm(`${warning} Revoke it?`)) return;
  throw new StartError("Nothing was revoked.", exitCodes.other);
}

function tokenRow(token: Token): string[] {
  const problem = invalidReason(token, new Date());
  return [
    token.tokenId,
    token.userId,
    token.agent ?? "-",
    token.grants.map(formatGrant).join("; "),
    token.createdAt.toISOString(),
    token.expiresAt?.toISOString() ?? "-",
    problem === null ? "valid" : token.revokedAt ? "revoked" : "expired",
  ];
}
