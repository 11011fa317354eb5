import { errors, type JWTVerifyGetKey } from "jose";
import { unavailable } from "../errors.ts";
import { notifying, type Listener } from "../periodic.ts";
import { fetchKeys, type KeySet } from "./fetch-keys.ts";
import type { JwtKeys } from "./jwt-keys.ts";
import type { RemoteKeyPlace } from "./jwt-options.ts";

/** How long and how often an identity provider is requested, in milliseconds. */
export interface KeyTimes {
  /** The longest time in which the keys are read, with discovery. */
  readonly readMs: number;
  /** After a read without usable keys, the provider is not requested again for this time. */
  readonly pauseMs: number;
  /** A token with an unknown key makes the server read the keys again, at most once in this time, also after a failure. */
  readonly cooldownMs: number;
}

const defaultTimes: KeyTimes = { readMs: 5_000, pauseMs: 1_000, cooldownMs: 10_000 };

/**
 * Keys that an identity provider publishes. They are read for the first token, and again for a token with an unknown
 * key. While they cannot be read, the keys that were read before are used.
 */
export class RemoteKeys implements JwtKeys {
  readonly #fetch: () => Promise<KeySet>;
  readonly #times: KeyTimes;
  #keys: KeySet | null = null;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<KeySet> | null = null;
  /** The last read, if it failed. */
  #failure: { readonly error: Error; readonly at: number } | null = null;

  constructor(place: RemoteKeyPlace, listener: Listener, times: Partial<KeyTimes> = {}) {
    this.#times = { ...defaultTimes, ...times };
    this.#fetch = notifying(listener, () => fetchKeys(place, this.#times.readMs));
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      const keys = this.#keys ?? (await this.#read());
      return await keys(header, token).catch(async (error: unknown) => {
        const isUnknown = error instanceof errors.JWKSNoMatchingKey;
        if (!isUnknown || this.#isRecent(this.#readAt)) throw error;
        if (this.#failure && this.#isRecent(this.#failure.at)) throw this.#failure.error;
        return (await this.#read())(header, token);
      });
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw unavailable("The identity provider's keys cannot be read now. Try again.", error);
    }
  };

  async read(): Promise<void> {
    await this.#read();
  }

  async reload(): Promise<void> {
    if (this.#keys) await this.#read();
  }

  #isRecent(at: number): boolean {
    return performance.now() - at < this.#times.cooldownMs;
  }

  /** Simultaneous calls wait for the same requests. */
  async #read(): Promise<KeySet> {
    const failure = this.#failure;
    if (failure && performance.now() - failure.at < this.#times.pauseMs) throw failure.error;
    this.#reading ??= this.#readNow().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #readNow(): Promise<KeySet> {
    try {
      this.#keys = await this.#fetch();
    } catch (error) {
      this.#failure = { error: error as Error, at: performance.now() };
      throw error;
    }
    this.#readAt = performance.now();
    this.#failure = null;
    return this.#keys;
  }
}

const aboutToken = new Set<string>([
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JOSENotSupported.code,
]);

/** Whether the keys were read, but not exactly one of them fits the token. */
function isAboutToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && aboutToken.has(error.code);
}
