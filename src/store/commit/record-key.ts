import { createHash } from "node:crypto";
import { formatGrant } from "../model/grant.ts";
import { everything } from "../model/text-match.ts";
import { may, type Viewer } from "../model/viewer.ts";

/**
 * The key under which the answer of a call is kept. Callers with different grants have different ones: none of them can
 * take another's key, be given another's answer, or learn that a key was used. A caller that may do everything has the
 * keys as they are.
 */
export function recordKey(viewer: Viewer, idempotencyKey: string): string {
  if (isUnlimited(viewer)) return idempotencyKey;
  const grants = JSON.stringify(viewer.grants.map(formatGrant).sort());
  // A caller's key has no line end.
  return `${createHash("sha256").update(grants).digest("base64url")}\n${idempotencyKey}`;
}

/** The key as its caller gave it. */
export function givenKey(kept: string): string {
  return kept.slice(kept.indexOf("\n") + 1);
}

function isUnlimited(viewer: Viewer): boolean {
  return storeScopes.every((scope) => may(viewer, scope, everything));
}

/** What a caller needs to do everything in a store. */
const storeScopes = ["read", "write", "claim"] as const;
