import { hash, randomBytes } from "node:crypto";
import type { Token } from "../store/model/token.ts";

/** The properties of a new token. */
export type TokenInput = Pick<Token, "userId" | "agent" | "grants" | "expiresAt">;

/** Creates a token. Its bearer sends the secret, which is returned only here. */
export function createToken(input: TokenInput, now: Date): { token: Token; secret: string } {
  const secret = `baton_${randomBytes(32).toString("base64url")}`;
  const tokenId = `tok_${randomBytes(6).toString("hex")}`;
  return {
    secret,
    token: { ...input, tokenId, hash: hashSecret(secret), createdAt: now, revokedAt: null },
  };
}

/** Whether a text has the form of a token's secret. */
export function isSecret(text: string): boolean {
  return /^baton_[\w-]{43}$/.test(text);
}

export function hashSecret(secret: string): string {
  return hash("sha256", secret);
}

/** Returns why a token is no longer valid; null if it is valid. */
export function invalidReason(token: Token, now: Date): string | null {
  if (token.revokedAt) return "This token was revoked.";
  if (token.expiresAt && token.expiresAt <= now) return "This token has expired.";
  return null;
}
