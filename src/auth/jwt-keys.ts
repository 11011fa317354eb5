import { readFile } from "node:fs/promises";
import { errors, type JWTVerifyGetKey } from "jose";
import type { Listener } from "../periodic.ts";
import { StartError } from "../start-error.ts";
import type { KeyPlace } from "./jwt-options.ts";
import { RemoteKeys } from "./remote-keys.ts";

/** The keys that verify JWTs. */
export interface JwtKeys {
  /**
   * Rejects with UNAVAILABLE if the keys are needed and cannot be read, and with `JWKSMultipleMatchingKeys`, which
   * iterates over the keys, if several keys fit.
   */
  readonly find: JWTVerifyGetKey;
  /** Reads the keys. Rejects with the cause if they cannot be read. */
  read(): Promise<void>;
  /** Reads the keys again if they were read before. Withdrawn keys are then no longer accepted. Rejects like `read`. */
  reload(): Promise<void>;
}

/** A shorter secret could be found from a token that it signed. */
const minSecretBytes = 32;

/**
 * @param listener is notified when an identity provider's keys cannot be read, and when they can be read again
 * @throws StartError if the secret cannot be read or is too short
 */
export async function openJwtKeys(place: KeyPlace, listener: Listener): Promise<JwtKeys> {
  if (place.kind !== "secret") return new RemoteKeys(place, listener);
  const secret = await readSecret(place.file);
  return { find: async () => secret, read: async () => {}, reload: async () => {} };
}

/** Returns those of the algorithms for which there is a key. */
export async function usableAlgorithms(
  { find }: JwtKeys,
  algorithms: readonly string[],
): Promise<string[]> {
  const usable: string[] = [];
  for (const alg of algorithms) {
    try {
      await find({ alg }, { payload: "", signature: "" });
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) continue;
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    }
    usable.push(alg);
  }
  return usable;
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
