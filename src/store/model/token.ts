import type { Grant } from "./grant.ts";

/** A bearer token as kept: the secret itself is not. */
export interface Token {
  /** Names it in lists and logs; says nothing of the secret. */
  readonly tokenId: string;
  /** SHA-256 of the secret, hexadecimal. The secret has 256 random bits, so a plain hash can't be searched. */
  readonly hash: string;
  readonly userId: string;
  /** The agent its bearer speaks as; null lets the bearer say. */
  readonly agent: string | null;
  readonly grants: readonly Grant[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}
