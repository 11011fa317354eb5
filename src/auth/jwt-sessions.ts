import { isUnavailable } from "../errors.ts";
import { isLoopHeld, nextTurn, tokenChecks } from "../event-loop.ts";
import { CachedToken } from "./cached-token.ts";
import type { JwtVerifier } from "./jwt-verifier.ts";

/** With more JWTs than this, the least recently used one is removed, and verified again at its next use. */
const maxKnown = 10_000;
/** The longest time for which a JWT is accepted after its key was withdrawn. */
const reverifyMs = 300_000;
/** Longer JWTs are refused without verification. A header cannot be longer, but a socket's parameters can. */
const maxJwtLength = 16_384;

interface Known {
  readonly token: CachedToken;
  /** On the monotonic clock, in milliseconds. */
  verifiedAt: number;
}

/**
 * A cache of verified JWTs, so that an operation needs no signature check.
 *
 * 1. A JWT is verified at its first use, and again at the first use after `reverifyMs`.
 * 2. `check` ends the sessions of expired JWTs.
 * 3. Every `reverifyMs`, `check` reads the keys again and verifies the JWTs with followers. A JWT whose key was
 *    withdrawn ends. If the provider does not respond, verified JWTs are valid until they expire.
 */
export class JwtSessions {
  readonly #verifier: JwtVerifier;
  /** The least recently used JWT is the first. */
  readonly #known = new Map<string, Known>();
  /** The verifications in progress. */
  readonly #verifying = new Map<string, Promise<CachedToken>>();
  #checkedAt = performance.now();

  constructor(verifier: JwtVerifier) {
    this.#verifier = verifier;
  }

  /**
   * Returns the token of a JWT, without a promise if it is cached. The promise rejects with UNAUTHENTICATED or
   * UNAVAILABLE.
   */
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
    // A copy, because each use moves its JWT to the end of the map. Thousands can end at the same time, in turns.
    const known = [...this.#known];
    for (const [jwt, { token }] of known) {
      if (isLoopHeld()) await nextTurn(tokenChecks);
      const reason = token.invalidReason(now);
      if (reason === null) continue;
      token.end(reason);
      this.#known.delete(jwt);
    }
    if (performance.now() - this.#checkedAt < reverifyMs) return;
    this.#checkedAt = performance.now();
    // The keys report that they cannot be read. Verified JWTs are then valid until they expire.
    await this.reverify().catch(() => {});
  }

  /** Reads the keys, and verifies the JWTs with followers again. Other JWTs are verified at their next use. */
  async reverify(): Promise<void> {
    await this.#verifier.reloadKeys();
    // Before any verification, because each moves its JWT to the end of the map.
    const followed: string[] = [];
    for (const [jwt, known] of this.#known) {
      known.verifiedAt = Number.NEGATIVE_INFINITY;
      if (known.token.isFollowed) followed.push(jwt);
    }
    // If a JWT is refused, its sessions have already ended.
    for (const jwt of followed) await this.#verify(jwt).catch(() => {});
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
      // Keep JWTs with followers: they must be notified when the JWT ends.
      if (known.token.isFollowed) continue;
      this.#known.delete(jwt);
      return;
    }
  }
}
