import { readFile } from "node:fs/promises";
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTVerifyGetKey,
  type RemoteJWKSet,
} from "jose";
import { unavailable } from "../errors.ts";
import { StartError } from "../start-error.ts";
import { requireSafe, type KeyPlace } from "./jwt-options.ts";

/** The keys that verify JWTs. */
export interface JwtKeys {
  /** Rejects with UNAVAILABLE if the keys are needed and cannot be read. */
  readonly find: JWTVerifyGetKey;
  /** Reads the keys again, so that withdrawn keys are no longer accepted. Rejects if they cannot be read. */
  reload(): Promise<void>;
}

/** A shorter secret could be found from a token that it signed. */
const minSecretBytes = 32;
const fetchTimeoutMs = 5_000;
/** A token with an unknown key makes the server read the keys again, at most once in this time. */
const cooldownMs = 10_000;
/** After an error, the provider is not requested again for this time. */
const retryAfterMs = 1_000;

/** @throws StartError if the secret cannot be read or is too short */
export async function openJwtKeys(place: KeyPlace): Promise<JwtKeys> {
  if (place.kind !== "secret") return new RemoteKeys(place);
  const secret = await readSecret(place.file);
  return { find: async () => secret, reload: async () => {} };
}

async function readSecret(file: string): Promise<Uint8Array> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new StartError(
      `The secret of --jwt-secret-file cannot be read: ${file} (${error.code}).`,
    );
  });
  const secret = Buffer.from(text.replace(/\r?\n$/, ""));
  if (secret.length >= minSecretBytes) return secret;
  throw new StartError(
    `The secret in ${file} must have at least ${minSecretBytes} bytes, but has ${secret.length}. To make one: openssl rand -base64 48`,
  );
}

/**
 * Keys that an identity provider publishes. They are read for the first token, and again for a token with an unknown
 * key. While the provider does not respond, the keys that were read before are used.
 */
class RemoteKeys implements JwtKeys {
  readonly #place: Exclude<KeyPlace, { kind: "secret" }>;
  #keys: RemoteJWKSet | null = null;
  #opening: Promise<RemoteJWKSet> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(place: Exclude<KeyPlace, { kind: "secret" }>) {
    this.#place = place;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      const keys = this.#keys ?? (await this.#open());
      return await keys(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw unavailable("The identity provider's keys cannot be read now. Try again.", error);
    }
  };

  async reload(): Promise<void> {
    if (!this.#keys) return;
    // The URL of the keys can have changed.
    const keys = this.#place.kind === "discovery" ? await this.#create() : this.#keys;
    await keys.reload();
    this.#keys = keys;
  }

  #open(): Promise<RemoteJWKSet> {
    this.#opening ??= this.#create()
      .then((keys) => (this.#keys = keys))
      .finally(() => (this.#opening = null));
    return this.#opening;
  }

  async #create(): Promise<RemoteJWKSet> {
    const url = this.#place.kind === "jwks" ? this.#place.url : await this.#discover(this.#place);
    return createRemoteJWKSet(url, {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: cooldownMs,
      // `reload` reads the keys again in the background, so that no caller waits.
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: (address, init) => this.#fetch(address, init),
    });
  }

  /** Finds the URL of the keys by OpenID Connect Discovery 1.0. */
  async #discover({ issuer }: { readonly issuer: string }): Promise<URL> {
    const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    const response = await this.#fetch(address, { redirect: "manual", signal });
    const { issuer: named, jwks_uri: url } = (await response.json()) as Record<string, unknown>;
    if (named !== issuer)
      throw new Error(`${address} belongs to another issuer, ${String(named)}.`);
    return requireSafe(String(url));
  }

  async #fetch(address: string, init: RequestInit): Promise<Response> {
    if (performance.now() - this.#failedAt < retryAfterMs) {
      throw new Error(`${address} failed within the last second.`);
    }
    try {
      const response = await fetch(address, init);
      if (response.status !== 200) throw new Error(`${address} responded with ${response.status}.`);
      return response;
    } catch (error) {
      this.#failedAt = performance.now();
      throw error;
    }
  }
}

const aboutToken = new Set<string>([
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JOSENotSupported.code,
]);

/** Whether the keys were read, but none of them fits the token. */
function isAboutToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && aboutToken.has(error.code);
}
