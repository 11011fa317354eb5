/** Names an entry within one user's store. */
export interface Place {
  readonly namespace: string;
  readonly key: string;
}

/** Names an entry among all users. */
export interface UserPlace extends Place {
  readonly userId: string;
}

/** A text that identifies a place within one user's store. Names hold no control characters, so it is unambiguous. */
export function placeId({ namespace, key }: Place): string {
  return `${namespace}\u0000${key}`;
}

/** Like `placeId`, among all users. A user's name may hold any character, so its length comes first. */
export function userPlaceId(userId: string, place: Place): string {
  return `${userId.length}:${userId}${placeId(place)}`;
}
