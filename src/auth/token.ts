import { hash, randomBytes } from "node:crypto";
import type { Token } from "../store/model/token.ts";

/** What a new token is to allow. */
export type TokenInput = Pick<Token, "userId" | "agent" | "grants" | "expiresAt">;

/** Makes a token. The secret is what its bearer sends; it is returned here and never again. */
export function createToken(input: TokenInput, now: Date): { token: Token; secret: string } {
  const secret = `baton_${randomBytes(32).toString("base64url")}`;
  const tokenId = `tok_${randomBytes(6).toString("hex")}`;
  return {
    secret,
    token: { ...input, tokenId, hash: hashSecret(secret), createdAt: now, revokedAt: null },
  };
}

/** Whether the text has the form of a token's secret. */
export function isSecret(text: string): boolean {
  return /^baton_[\w-]{43}$/.test(text);
}

export function hashSecret(secret: string): string {
  return hash("sha256", secret);
}

/** Why the token no longer counts; null while it does. */
export function tokenFault(token: Token, now: Date): string | null {
  if (token.revokedAt) return "This token was revoked.";
  if (token.expiresAt && token.expiresAt <= now) return "This token has expired.";
  return null;
}
