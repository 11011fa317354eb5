import type { TokenTable } from "../store/contract.ts";
import { unauthenticated, type BatonError } from "../errors.ts";
import { checkAgent, type Limits } from "../store/model/limits.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { hashSecret, tokenFault } from "./token.ts";

/** What a caller shows, on whichever transport. */
export interface Credentials {
  /** `Bearer <token>`. */
  readonly authorization: string | undefined;
  /** The name an agent goes by, where its token names none. */
  readonly agent: string | undefined;
}

/** A caller that showed a good token. */
export interface Session {
  readonly viewer: Viewer;
  /** Aborts, with a BatonError as its reason, when the token is revoked or expires. */
  readonly ended: AbortSignal;
}

/** Looks tokens up anew for every operation: one that is revoked is refused from the next operation on. */
export class Authenticator {
  readonly #tokens: TokenTable;
  readonly #limits: Limits;
  /** By token, of those that were shown here. */
  readonly #ends = new Map<string, AbortController>();

  constructor(tokens: TokenTable, limits: Limits) {
    this.#tokens = tokens;
    this.#limits = limits;
  }

  /** @throws UNAUTHENTICATED without a good token; BAD_USER_INPUT or LIMIT_EXCEEDED for a name that is none */
  async authenticate({ authorization, agent }: Credentials): Promise<Session> {
    if (authorization === undefined || authorization === "") {
      throw unauthenticated("A token is needed: send it as authorization: Bearer <token>.");
    }
    const secret = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (secret === undefined) {
      throw unauthenticated("The authorization is not of the form: Bearer <token>.");
    }
    const token = await this.#tokens.findByHash(hashSecret(secret));
    if (!token) throw unauthenticated("This token is not known here.");
    const fault = tokenFault(token, new Date());
    if (fault) throw unauthenticated(fault);

    // A token's own name counts, whatever its bearer says.
    if (agent !== undefined && token.agent === null) {
      checkAgent(this.#limits, "Baton-Agent", agent);
    }
    const { tokenId, userId, scopes, namespacePatterns } = token;
    return {
      ended: this.#endOf(tokenId).signal,
      viewer: { userId, agent: token.agent ?? agent ?? null, scopes, namespacePatterns },
    };
  }

  /** The tokens that were shown here and have not ended. */
  get tokenIds(): string[] {
    return [...this.#ends.keys()];
  }

  /** Ends a token's sessions with an error. */
  endToken(tokenId: string, error: BatonError): void {
    this.#ends.get(tokenId)?.abort(error);
    this.#ends.delete(tokenId);
  }

  #endOf(tokenId: string): AbortController {
    const known = this.#ends.get(tokenId);
    if (known) return known;
    const made = new AbortController();
    this.#ends.set(tokenId, made);
    return made;
  }
}
