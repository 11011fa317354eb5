import type { TokenTable } from "../store/contract.ts";
import { unauthenticated } from "../errors.ts";
import { checkAgent, type Limits } from "../store/model/limits.ts";
import { unknownToken, type CachedToken, type Session } from "./cached-token.ts";
import type { JwtSessions } from "./jwt-sessions.ts";
import { TokenCache } from "./token-cache.ts";
import { hashSecret, isSecret } from "./token.ts";

const maxKnownHashes = 1_000;
/** Longer than `Bearer` and a token of this server. A caller without a token can send up to 64 KiB. */
const maxKnownLength = 100;

export type { Session } from "./cached-token.ts";

/** The credentials of a caller, on any transport. */
export interface Credentials {
  /** `Bearer <token>`. */
  readonly authorization: string | undefined;
  /** The caller's agent name, if its token has none. */
  readonly agent: string | undefined;
}

/** Authenticates callers. A token is looked up once and then cached: see `TokenCache` for revocations. */
export class Authenticator {
  readonly #tokens: TokenCache;
  readonly #limits: Limits;
  readonly #jwts: JwtSessions | null;
  readonly #callersNameAgents: boolean;
  /** Hashes by the authorization that was sent. Computing a hash takes as long as a lookup of the token. */
  readonly #hashes = new Map<string, string>();

  /**
   * @param jwts null if JWTs are not accepted
   * @param callersNameAgents whether callers can give an agent name, if their token has none
   */
  constructor(
    tokens: TokenTable,
    limits: Limits,
    jwts: JwtSessions | null = null,
    callersNameAgents = true,
  ) {
    this.#callersNameAgents = callersNameAgents;
    this.#tokens = new TokenCache(tokens);
    this.#limits = limits;
    this.#jwts = jwts;
  }

  /**
   * Returns the session of a valid token, without a promise if the token is cached.
   * @throws UNAUTHENTICATED without a valid token; UNAVAILABLE for a JWT if the keys of its issuer cannot be read;
   *   BAD_USER_INPUT or LIMIT_EXCEEDED for an invalid agent name
   */
  authenticate({ authorization, agent }: Credentials): Session | Promise<Session> {
    const token = this.#find(authorization);
    return token instanceof Promise
      ? token.then((found) => this.#admit(found, agent))
      : this.#admit(token, agent);
  }

  /** @throws UNAUTHENTICATED */
  #find(authorization: string | undefined): CachedToken | null | Promise<CachedToken | null> {
    const known = authorization === undefined ? undefined : this.#hashes.get(authorization);
    if (known !== undefined) return this.#tokens.find(known);
    const secret = secretOf(authorization);
    if (this.#jwts && isJwt(secret)) return this.#jwts.find(secret);
    const hash = hashSecret(secret);
    if (isSecret(secret) && (authorization as string).length <= maxKnownLength) {
      // Bounds the memory if a caller keeps sending different tokens: the map starts again.
      if (this.#hashes.size >= maxKnownHashes) this.#hashes.clear();
      this.#hashes.set(authorization as string, hash);
    }
    return this.#tokens.find(hash);
  }

  /** Ends the sessions of revoked and expired tokens. */
  checkTokens(): Promise<void> {
    return this.#tokens.check();
  }

  /** Does the same for JWTs. It can wait for the identity provider, which no other token depends on. */
  async checkJwts(): Promise<void> {
    await this.#jwts?.check();
  }

  /**
   * Reads the keys of JWTs again, and ends the sessions of JWTs whose key was withdrawn.
   * @throws the reason if the keys cannot be used; the previous ones stay in use
   */
  async reloadJwts(): Promise<void> {
    await this.#jwts?.reverify();
  }

  #admit(token: CachedToken | null, givenAgent: string | undefined): Session {
    const agent = this.#callersNameAgents ? givenAgent : undefined;
    const reason = token ? token.invalidReason(new Date()) : unknownToken;
    if (!token || reason !== null) throw unauthenticated(reason ?? unknownToken);
    // If the token has an agent name, the caller's is ignored.
    if (agent !== undefined && !token.accepts(agent)) {
      checkAgent(this.#limits, "Baton-Agent", agent);
    }
    return token.session(agent);
  }
}

/** Whether a secret is a JWT. The secrets of this server's tokens have no dot. */
function isJwt(secret: string): boolean {
  return secret.split(".", 4).length === 3;
}

/** @throws UNAUTHENTICATED */
function secretOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw unauthenticated("A token is needed: send it as authorization: Bearer <token>.");
  }
  // A token that was read from a file can end in a newline. HTTP removes it from a header; a socket's parameters keep
  // it.
  const given = authorization.trim();
  const secret = /^Bearer +(\S+)$/i.exec(given)?.[1];
  if (secret !== undefined) return secret;
  throw unauthenticated(
    /^Bearer$/i.test(given)
      ? "The authorization has no token after Bearer."
      : "The authorization is not of the form: Bearer <token>.",
  );
}
