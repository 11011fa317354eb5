import { createHash } from "node:crypto";
import { BatonError, unauthenticated } from "../errors.ts";
import { checkGrants, grantsOf, isScope, parseGrant, type Grant } from "../store/model/grant.ts";
import { checkAgent, checkUser, type Limits } from "../store/model/limits.ts";
import type { Token } from "../store/model/token.ts";

/** The names of the claims with the caller's identity and permissions. */
export interface ClaimNames {
  readonly user: string;
  readonly agent: string;
  readonly scopes: string;
  readonly namespaces: string;
  readonly grants: string;
}

/** A verified JWT. */
export interface JwtPayload {
  readonly [claim: string]: unknown;
  readonly exp?: number;
  readonly iat?: number;
}

/**
 * Returns the token that a verified JWT describes. It is in no table. Its `tokenId`, by which bounds count, is the same for
 * each JWT of one user, client and agent: a client with a new JWT does not begin with new amounts. Grants are not part of
 * it, because a client can often choose the scopes that it asks for.
 * @param skewSeconds for how long the token is valid after its expiry, to allow for differences between clocks
 * @throws UNAUTHENTICATED for a claim of the wrong form
 */
export function tokenOfJwt(
  limits: Limits,
  names: ClaimNames,
  skewSeconds: number,
  jwt: string,
  payload: JwtPayload,
): Token {
  const userId = textOf(payload, names.user);
  if (userId === null) throw wrongClaim(names.user, "a text");
  const agent = textOf(payload, names.agent);
  try {
    checkUser(limits, names.user, userId);
    if (agent !== null) checkAgent(limits, names.agent, agent);
    const grants = grantsIn(payload, names);
    return {
      tokenId: `jwt_${hashOf(JSON.stringify([userId, clientOf(payload), agent])).slice(0, 12)}`,
      hash: hashOf(jwt),
      userId,
      agent,
      grants: grants.length === 0 ? [] : checkGrants(limits, names.grants, grants),
      createdAt: new Date((payload.iat ?? 0) * 1_000),
      expiresAt: new Date(((payload.exp ?? 0) + skewSeconds) * 1_000),
      revokedAt: null,
    };
  } catch (error) {
    if (!(error instanceof BatonError) || error.code === "UNAUTHENTICATED") throw error;
    throw unauthenticated(`A claim of this token is not valid here: ${error.message}`);
  }
}

/**
 * Reads the grants from the claim of grants, such as `["read,write files:*"]`. Without that claim, it reads the scopes
 * and ignores unknown ones; they apply in each of the namespaces.
 */
function grantsIn(payload: JwtPayload, names: ClaimNames): Grant[] {
  if (payload[names.grants] !== undefined) {
    return listOf(payload, names.grants, /\s*;\s*/).map((text) => {
      try {
        return parseGrant(text);
      } catch {
        throw wrongClaim(names.grants, 'grants, such as ["read,write files:*"]');
      }
    });
  }
  const scopes = listOf(payload, names.scopes, /\s+/).filter(isScope);
  const isLimited = payload[names.namespaces] !== undefined;
  return grantsOf(scopes, isLimited ? listOf(payload, names.namespaces, /\s+/) : ["*"]);
}

/** The client that the issuer gave the JWT to: OpenID's claim, or that of RFC 9068. */
function clientOf({ azp, client_id: clientId }: JwtPayload): string | null {
  const client = azp ?? clientId;
  return typeof client === "string" ? client : null;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function textOf(payload: JwtPayload, name: string): string | null {
  const value = payload[name];
  if (value === undefined) return null;
  if (typeof value !== "string") throw wrongClaim(name, "a text");
  return value;
}

/** Reads a list of texts, or one text with separators. */
function listOf(payload: JwtPayload, name: string, separator: RegExp): string[] {
  const value = payload[name] ?? "";
  const list = typeof value === "string" ? value.split(separator) : value;
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) {
    throw wrongClaim(name, "a text, or a list of texts");
  }
  return list.filter((item) => item !== "");
}

function wrongClaim(name: string, expected: string): BatonError {
  return unauthenticated(`The claim ${JSON.stringify(name)} of this token must be ${expected}.`);
}
