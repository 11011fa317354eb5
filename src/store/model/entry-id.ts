import { createHash } from "node:crypto";
import { placeId, type Place } from "./place.ts";

/** 132 bits: no two places of a store share them by chance. */
const idLength = 22;

/**
 * Identifies an entry within one user's store, in one short word. It is the same for a namespace and key on every server
 * and in every copy of the store, also after a delete and a set.
 */
export function entryId(place: Place): string {
  return createHash("sha256").update(placeId(place)).digest("base64url").slice(0, idLength);
}
