import type { TokenTable } from "../store/contract.ts";
import { unauthenticated } from "../errors.ts";
import { checkAgent, type Limits } from "../store/model/limits.ts";
import { unknownToken, type CachedToken, type Session } from "./cached-token.ts";
import type { JwtSessions } from "./jwt-sessions.ts";
import { TokenCache } from "./token-cache.ts";
import { hashSecret } from "./token.ts";

const maxKnownHashes = 1_000;

export type { Session } from "./cached-token.ts";

/** What a caller shows, on whichever transport. */
export interface Credentials {
  /** `Bearer <token>`. */
  readonly authorization: string | undefined;
  /** The name an agent goes by, where its token names none. */
  readonly agent: string | undefined;
}

/** Tells who is calling. A token is looked up once and then known: see `TokenCache` for how its revocation is seen. */
export class Authenticator {
  readonly #tokens: TokenCache;
  readonly #limits: Limits;
  readonly #jwts: JwtSessions | null;
  readonly #callersNameAgents: boolean;
  /** By what callers sent: hashing takes as long as looking the token up. */
  readonly #hashes = new Map<string, string>();

  /**
   * @param jwts null where no JWT is accepted
   * @param callersNameAgents whether the name that a caller says counts, where its token names no agent
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
   * Of a token that is known, without a promise.
   * @throws UNAUTHENTICATED without a valid token; UNAVAILABLE for a JWT while its issuer's keys can't be read; BAD_USER_INPUT or LIMIT_EXCEEDED for an agent's name that is not valid
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
    // Whoever sends ever other tokens does not fill the memory: the map begins again.
    if (this.#hashes.size >= maxKnownHashes) this.#hashes.clear();
    this.#hashes.set(authorization as string, hash);
    return this.#tokens.find(hash);
  }

  /** Ends the sessions of tokens that were revoked or have expired. */
  checkTokens(): Promise<void> {
    return this.#tokens.check();
  }

  /** The same of JWTs. It may wait for the identity provider, which no other token waits for. */
  async checkJwts(): Promise<void> {
    await this.#jwts?.check();
  }

  #admit(token: CachedToken | null, said: string | undefined): Session {
    const agent = this.#callersNameAgents ? said : undefined;
    const fault = token ? token.fault(new Date()) : unknownToken;
    if (!token || fault !== null) throw unauthenticated(fault ?? unknownToken);
    // A token's own name counts, whatever its bearer says.
    if (agent !== undefined && !token.accepts(agent)) {
      checkAgent(this.#limits, "Baton-Agent", agent);
    }
    return token.session(agent);
  }
}

/** No secret of a token of this server has a dot. */
function isJwt(secret: string): boolean {
  return secret.split(".", 4).length === 3;
}

/** @throws UNAUTHENTICATED */
function secretOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw unauthenticated("A token is needed: send it as authorization: Bearer <token>.");
  }
  // A token that was read from a file may end in a newline. HTTP removes it from a header; a socket's parameters keep it.
  const given = authorization.trim();
  const secret = /^Bearer +(\S+)$/i.exec(given)?.[1];
  if (secret !== undefined) return secret;
  throw unauthenticated(
    /^Bearer$/i.test(given)
      ? "The authorization has no token after Bearer."
      : "The authorization is not of the form: Bearer <token>.",
  );
}
