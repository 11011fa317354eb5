import { readFile } from "node:fs/promises";
import { errors, type CryptoKey, type JWTVerifyGetKey } from "jose";
import { notifying, type Listener } from "../periodic.ts";
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

/** A JWT that does not name its key is verified with at most this number of keys. */
export const maxTriedKeys = 8;
/** A shorter secret could be found from a token that it signed. */
const minSecretBytes = 32;

/**
 * @param listener is notified when keys or secrets cannot be read, and when they can be read again
 * @throws StartError if the secret cannot be read or is too short
 */
export async function openJwtKeys(place: KeyPlace, listener: Listener): Promise<JwtKeys> {
  if (place.kind !== "secret") return new RemoteKeys(place, listener);
  return new SharedSecrets(place.file, await readSecrets(place.file), listener);
}

/** Secrets that the issuer shares with this server: a JWT must be signed with one of them. */
class SharedSecrets implements JwtKeys {
  #secrets: readonly Uint8Array[];
  readonly read: () => Promise<void>;
  readonly reload: () => Promise<void>;

  constructor(file: string, secrets: readonly Uint8Array[], listener: Listener) {
    this.#secrets = secrets;
    this.read = notifying(listener, async () => {
      this.#secrets = await readSecrets(file);
    });
    this.reload = this.read;
  }

  readonly find: JWTVerifyGetKey = async () => {
    const [first, ...others] = this.#secrets;
    if (first && others.length === 0) return first;
    const several = new errors.JWKSMultipleMatchingKeys();
    const secrets = this.#secrets.values();
    // A shared secret verifies like a key, which is the only declared type.
    const keys = (async function* () {
      yield* secrets;
    })() as AsyncIterableIterator<unknown> as AsyncIterableIterator<CryptoKey>;
    throw Object.assign(several, { [Symbol.asyncIterator]: () => keys });
  };
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

/** @throws StartError unless each line of the file is a secret */
async function readSecrets(file: string): Promise<readonly Uint8Array[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new StartError(
      `The secret of --jwt-secret-file cannot be read: ${file} (${error.code}).`,
      2,
    );
  });
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const secrets = (lines.length === 0 ? [""] : lines).map((line) => Buffer.from(line));
  const short = secrets.find(({ length }) => length < minSecretBytes);
  if (short) {
    throw new StartError(
      `Each line of ${file} is a secret, and must have at least ${minSecretBytes} bytes; one has ${short.length}. To make one: openssl rand -base64 48`,
      2,
    );
  }
  if (secrets.length <= maxTriedKeys) return secrets;
  throw new StartError(`${file} can have at most ${maxTriedKeys} secrets, one a line.`, 2);
}
