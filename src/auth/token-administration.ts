import { BatonError, badUserInput, diskIsLow, forbidden, limitExceeded } from "../errors.ts";
import type { TokenTable, WriteAccess } from "../store/contract.ts";
import { filterPage, type FilteredPage } from "../store/filter-page.ts";
import { checkGrants, formatGrant, parsePattern, type Grant } from "../store/model/grant.ts";
import { checkAgent, checkPageSize, maxExaminedBytes, type Limits } from "../store/model/limits.ts";
import type { Token } from "../store/model/token.ts";
import { may, requireScope, type Viewer } from "../store/model/viewer.ts";
import type { Actor, AuditLog, Refused } from "./audit-log.ts";
import { createToken } from "./token.ts";

/** A token that a caller wants to create. */
export interface CreateTokenInput {
  readonly grants: readonly Grant[];
  readonly agent?: string | null | undefined;
  readonly expiresInSeconds?: number | null | undefined;
}

/** A position in the list of tokens. */
export type TokenPlace = Pick<Token, "createdAt" | "tokenId">;

/** Limits of the server, and the number of valid tokens with which `createToken` creates no other; 0: no limit. */
type AdministrationLimits = Limits & { readonly maxUserTokens: number };

/** What the administration of tokens uses of a database. */
type TokenDatabase = Pick<WriteAccess, "isDiskLow"> & { readonly tokens: TokenTable };

/** The number of tokens that one statement reads. Each can have 100 grants, which are parsed in one step. */
const tokensPerRead = 64;
/** Errors and the log show at most this many characters of an id that a caller sends. */
const maxShownId = 100;

/**
 * What callers with the scope `admin` can do with the tokens of their user. A grant of `admin` covers the tokens whose
 * grants are all within its namespaces. Each change, and each call that the grants of the caller do not permit, is a line of
 * the server's log: see `AuditLog`.
 */
export class TokenAdministration {
  readonly #database: TokenDatabase;
  readonly #tokens: TokenTable;
  readonly #limits: AdministrationLimits;
  readonly #audit: AuditLog;

  constructor(database: TokenDatabase, limits: AdministrationLimits, audit: AuditLog) {
    this.#database = database;
    this.#tokens = database.tokens;
    this.#limits = limits;
    this.#audit = audit;
  }

  /** @throws FORBIDDEN for a grant that the viewer does not have; BAD_USER_INPUT, LIMIT_EXCEEDED; UNAVAILABLE while the disk is low */
  async create(
    viewer: Viewer,
    input: CreateTokenInput,
  ): Promise<{ readonly token: Token; readonly secret: string }> {
    const grants = checkGrants(this.#limits, "input.grants", input.grants);
    this.#permit({ call: "createToken", grants }, viewer, () => {
      requireScope(viewer, "admin");
      for (const grant of grants) requireWithin(viewer, grant);
    });
    const { agent = null, expiresInSeconds = null } = input;
    if (agent !== null) checkAgent(this.#limits, "input.agent", agent);
    if (expiresInSeconds !== null && expiresInSeconds < 1) {
      throw badUserInput(
        "input.expiresInSeconds",
        `Must be at least 1; this is ${expiresInSeconds}.`,
      );
    }
    const now = new Date();
    const expiresAt =
      expiresInSeconds === null ? null : new Date(now.getTime() + expiresInSeconds * 1_000);
    const created = createToken({ userId: viewer.userId, agent, grants, expiresAt }, now);
    await this.#insert(created.token);
    this.#audit.changed("token.created", actorOf(viewer), created.token);
    return created;
  }

  /**
   * Lists the tokens that the viewer can administer, oldest first. A page examines at most `maxExaminedItems` tokens.
   * @param closed ends the reading when the caller has disconnected
   */
  async list(
    viewer: Viewer,
    first: number,
    after: TokenPlace | null,
    closed: AbortSignal | null,
  ): Promise<FilteredPage<Token, TokenPlace>> {
    this.#permit({ call: "tokens" }, viewer, () => requireScope(viewer, "admin"));
    checkPageSize(this.#limits, first);
    const { maxPageBytes, maxExaminedItems } = this.#limits;
    return filterPage<Token, Token, TokenPlace>(
      {
        readStretch: async (place, { maxItems }) => {
          const count = Math.min(maxItems, tokensPerRead);
          const { items, hasMore } = await this.#tokens.page(viewer.userId, place, count);
          return { items, next: hasMore ? (items.at(-1) ?? null) : null };
        },
        positionOf: (token) => token,
        bytesOf: bytesOfToken,
        show: (token) => (administers(viewer, token) ? token : null),
      },
      after,
      {
        userId: viewer.userId,
        maxItems: first,
        maxBytes: maxPageBytes,
        maxExaminedItems,
        maxExaminedBytes: maxExaminedBytes(this.#limits),
        closed,
      },
    );
  }

  /** @throws BAD_USER_INPUT if the viewer's user does not have this token; FORBIDDEN */
  async revoke(viewer: Viewer, tokenId: string): Promise<Token> {
    this.#permit({ call: "revokeToken" }, viewer, () => requireScope(viewer, "admin"));
    const found = await this.#find(viewer, tokenId);
    const refused = { call: "revokeToken", tokenId: tokenId.slice(0, maxShownId) } as const;
    const token = this.#permit(refused, viewer, () => requireAdministered(viewer, tokenId, found));
    if (token.revokedAt) return token;
    await this.#tokens.revoke(tokenId, new Date());
    this.#audit.changed("token.revoked", actorOf(viewer), token);
    return (await this.#find(viewer, tokenId)) ?? token;
  }

  /** @throws LIMIT_EXCEEDED; UNAVAILABLE while the disk is low */
  async #insert(token: Token): Promise<void> {
    if (this.#database.isDiskLow) throw diskIsLow();
    const { maxUserTokens } = this.#limits;
    if (maxUserTokens === 0) return this.#tokens.insert(token);
    if (await this.#tokens.insertWithin(token, maxUserTokens)) return;
    throw limitExceeded(
      "maxUserTokens",
      maxUserTokens,
      `A user can have at most ${maxUserTokens} valid tokens. Revoke tokens that are not in use. Give new tokens an expiry.`,
    );
  }

  async #find({ userId }: Viewer, tokenId: string): Promise<Token | null> {
    // All ids have this form. A database can refuse other texts.
    if (!/^tok_\w+$/.test(tokenId)) return null;
    const [token] = await this.#tokens.find([tokenId]);
    return token?.userId === userId ? token : null;
  }

  /** Runs a check of the viewer's grants. If it throws, the refused call is a line of the log. */
  #permit<T>(refused: Refused, viewer: Viewer, check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (error instanceof BatonError) this.#audit.refused(refused, actorOf(viewer), error);
      throw error;
    }
  }
}

function actorOf({ userId, agent, tokenId }: Viewer): Actor {
  return { userId, agent, by: tokenId };
}

/** @throws FORBIDDEN */
function requireWithin(viewer: Viewer, grant: Grant): void {
  const match = parsePattern(grant.namespacePattern);
  const missing = (["admin", ...grant.scopes] as const).find((scope) => !may(viewer, scope, match));
  if (missing === undefined) return;
  throw forbidden(
    `A token with the grant ${JSON.stringify(formatGrant(grant))} cannot be created with this one, which does not have ${missing} in all of ${grant.namespacePattern}.`,
    { requiredScope: missing },
  );
}

/** @throws BAD_USER_INPUT if the token was not found; FORBIDDEN */
function requireAdministered(viewer: Viewer, tokenId: string, token: Token | null): Token {
  if (!token) throw unknownToken(tokenId);
  if (administers(viewer, token)) return token;
  throw forbidden(
    "This token covers namespaces that your grants of admin do not cover. Use a token with admin in all of them.",
    { requiredScope: "admin" },
  );
}

function administers(viewer: Viewer, { grants }: Token): boolean {
  return grants.every(({ namespacePattern }) =>
    may(viewer, "admin", parsePattern(namespacePattern)),
  );
}

/** The size of the texts of a token whose length a caller chooses. */
export function bytesOfToken({ agent, grants }: Token): number {
  const patterns = grants.map(({ namespacePattern }) => Buffer.byteLength(namespacePattern));
  return patterns.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(agent ?? ""));
}

function unknownToken(tokenId: string) {
  return badUserInput(
    "input.tokenId",
    `The token ${JSON.stringify(tokenId.slice(0, maxShownId))} does not exist. Give a tokenId as tokens shows it, such as tok_1a2b3c4d5e6f.`,
  );
}
