import { isUnavailable } from "../errors.ts";
import { CachedToken } from "./cached-token.ts";
import type { JwtVerifier } from "./jwt-verifier.ts";

/** Beyond so many, the JWT that was not used for the longest is verified again at its next use. */
const maxKnown = 10_000;
/** A key that was withdrawn does not count for longer than this. */
const reverifyMs = 300_000;
/** Longer ones are refused without a look: a header can't be longer, but a socket's parameters can. */
const maxJwtLength = 16_384;

interface Known {
  readonly token: CachedToken;
  /** By the monotonic clock. */
  verifiedAt: number;
}

/**
 * JWTs that were verified, so that an operation needs no signature check.
 *
 * 1. A JWT is verified at its first use, and again at a use that is `reverifyMs` later.
 * 2. `check` ends the sessions of those that have expired.
 * 3. Every `reverifyMs`, it reads the keys again, and verifies those that have followers again. A JWT whose key was
 *    withdrawn ends. While the provider does not answer, what was verified counts until it expires.
 */
export class JwtSessions {
  readonly #verifier: JwtVerifier;
  /** The least recently used first. */
  readonly #known = new Map<string, Known>();
  /** Those being verified. */
  readonly #verifying = new Map<string, Promise<CachedToken>>();
  #checkedAt = performance.now();

  constructor(verifier: JwtVerifier) {
    this.#verifier = verifier;
  }

  /** The JWT, without a promise where it is known. A promise rejects with UNAUTHENTICATED or UNAVAILABLE. */
  find(jwt: string): CachedToken | null | Promise<CachedToken> {
    if (jwt.length > maxJwtLength) return null;
    const known = this.#known.get(jwt);
    if (!known || performance.now() - known.verifiedAt > reverifyMs) return this.#verify(jwt);
    this.#known.delete(jwt);
    this.#known.set(jwt, known);
    return known.token;
  }

  async check(): Promise<void> {
    const now = new Date();
    for (const [jwt, { token }] of this.#known) {
      const fault = token.fault(now);
      if (fault === null) continue;
      token.end(fault);
      this.#known.delete(jwt);
    }
    if (performance.now() - this.#checkedAt < reverifyMs) return;
    this.#checkedAt = performance.now();
    await this.reverify();
  }

  /** Reads the keys, and verifies again what has followers. What has none is verified at its next use. */
  async reverify(): Promise<void> {
    await this.#verifier.reloadKeys();
    for (const [jwt, known] of this.#known) {
      known.verifiedAt = Number.NEGATIVE_INFINITY;
      // A refusal has ended its sessions.
      if (known.token.isFollowed) await this.#verify(jwt).catch(() => {});
    }
  }

  #verify(jwt: string): Promise<CachedToken> {
    const running = this.#verifying.get(jwt);
    if (running) return running;
    const verify = this.#verifyNow(jwt).finally(() => this.#verifying.delete(jwt));
    this.#verifying.set(jwt, verify);
    return verify;
  }

  async #verifyNow(jwt: string): Promise<CachedToken> {
    const known = this.#known.get(jwt);
    try {
      const verified = await this.#verifier.verify(jwt);
      const token = known?.token ?? new CachedToken(verified, 0);
      this.#known.delete(jwt);
      this.#known.set(jwt, { token, verifiedAt: performance.now() });
      this.#evict();
      return token;
    } catch (error) {
      if (known && isUnavailable(error)) return known.token;
      known?.token.end((error as Error).message);
      this.#known.delete(jwt);
      throw error;
    }
  }

  #evict(): void {
    if (this.#known.size <= maxKnown) return;
    for (const [jwt, known] of this.#known) {
      // Those who follow it would not hear of its end.
      if (known.token.isFollowed) continue;
      this.#known.delete(jwt);
      return;
    }
  }
}
