import type { Grant } from "./grant.ts";

/** A bearer token as it is stored: without the secret. */
export interface Token {
  /** Identifies the token in lists and logs. It reveals nothing about the secret. */
  readonly tokenId: string;
  /** SHA-256 of the secret, hexadecimal. The secret has 256 random bits, so a plain hash is safe. */
  readonly hash: string;
  readonly userId: string;
  /** The agent name of its bearer; null if the bearer chooses one. */
  readonly agent: string | null;
  readonly grants: readonly Grant[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}
