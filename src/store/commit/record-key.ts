import { createHash } from "node:crypto";
import { formatGrant } from "../model/grant.ts";
import { everything } from "../model/text-match.ts";
import { may, type Viewer } from "../model/viewer.ts";

/**
 * Returns the key under which the result of a call is recorded. Callers with different grants have different keys, so
 * that no caller can use another's key, receive another's result, or learn that a key was used. For a caller with full
 * access, it is the idempotency key unchanged.
 */
export function recordKey(viewer: Viewer, idempotencyKey: string): string {
  if (isUnlimited(viewer)) return idempotencyKey;
  const grants = JSON.stringify(viewer.grants.map(formatGrant).sort());
  // An idempotency key has no line end.
  return `${createHash("sha256").update(grants).digest("base64url")}\n${idempotencyKey}`;
}

/** Returns the idempotency key that the caller gave. */
export function givenKey(kept: string): string {
  return kept.slice(kept.indexOf("\n") + 1);
}

function isUnlimited(viewer: Viewer): boolean {
  return storeScopes.every((scope) => may(viewer, scope, everything));
}

/** The scopes of a caller with full access to a store. */
const storeScopes = ["read", "write", "claim"] as const;
