import { createHash } from "node:crypto";
import { placeId, type Place } from "./place.ts";

/** 132 bits: a collision within a store is practically impossible. */
const idLength = 22;

/**
 * Returns the id of an entry within one user's store. It is the same for a namespace and key on every server and in
 * every copy of the store, also after a delete and another set.
 */
export function entryId(place: Place): string {
  return createHash("sha256").update(placeId(place)).digest("base64url").slice(0, idLength);
}
