import { createHash } from "node:crypto";
import { BatonError, unauthenticated } from "../errors.ts";
import { checkGrants, grantsOf, isScope, parseGrant, type Grant } from "../store/model/grant.ts";
import { checkAgent, type Limits } from "../store/model/limits.ts";
import type { Token } from "../store/model/token.ts";

/** The names of the claims that say who a caller is and what it may do. */
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
 * What a verified JWT says of its caller, as a token that is in no table.
 * @param skewSeconds for how long after its end it still counts
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
    checkAgent(limits, names.user, userId);
    if (agent !== null) checkAgent(limits, names.agent, agent);
    const grants = grantsIn(payload, names);
    const hash = createHash("sha256").update(jwt).digest("hex");
    return {
      // Names it in logs, and proves nothing.
      tokenId: `jwt_${hash.slice(0, 12)}`,
      hash,
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
 * The claim of grants, such as `["read,write files:*"]`; without it, the scopes, of which those that mean nothing here
 * count for nothing, in each of the namespaces.
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

function textOf(payload: JwtPayload, name: string): string | null {
  const value = payload[name];
  if (value === undefined) return null;
  if (typeof value !== "string") throw wrongClaim(name, "a text");
  return value;
}

/** A list of texts, or one text that separates them. */
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
